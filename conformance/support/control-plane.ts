import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, sleep, systemClock } from "@homeostat/api";
import { type CertificateAndKey, createCertificateAuthority } from "@homeostat/api/certificates";

export interface ControlPlaneOptions {
  /** Folder with `etcd` and `kube-apiserver`: KUBEBUILDER_ASSETS. */
  readonly assets: string;
  /** Beside the usual ones; a name that is among those too wins. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Default 20 seconds, as envtest. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** Processes started as envtest starts them. */
export interface ControlPlane {
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Client certificate of a member of system:masters. */
  readonly admin: CertificateAndKey;
  readonly issuer: string;
  /** What the API server has said. */
  said(): string;
  /** Ends both with SIGTERM. @returns their exit codes, API server first @throws Error when one does not end in time */
  stop(): Promise<readonly (number | null)[]>;
}

/**
 * Starts a control plane from executables by the rules of envtest: ports and certificates of one's own, etcd until
 * `/health` answers, then the API server until `/healthz` does. Source: controller-runtime, `pkg/internal/testing`.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { assets, timeoutMs = 20_000, clock = systemClock } = options;
  const folder = await mkdtemp(join(tmpdir(), "control-plane-"));
  const [etcdPort, port] = await freePorts();
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const server = `https://127.0.0.1:${port}`;
  const started: Program[] = [];
  const stop = async (): Promise<readonly (number | null)[]> => {
    const codes: (number | null)[] = [];
    for (const program of started.splice(0).reverse()) codes.push(await program.stop(timeoutMs, clock));
    await rm(folder, { recursive: true, force: true });
    return codes;
  };
  try {
    const dataDir = join(folder, "etcd");
    await mkdir(dataDir);
    const etcd = new Program(join(assets, "etcd"), {
      "advertise-client-urls": etcdUrl,
      "data-dir": dataDir,
      "listen-client-urls": etcdUrl,
      "listen-peer-urls": "http://localhost:0",
      "unsafe-no-fsync": "true",
    });
    started.push(etcd);
    await etcd.untilHealthy(`${etcdUrl}/health`, timeoutMs, clock);

    const executable = join(assets, "kube-apiserver");
    const certificates = await writeCertificates(folder);
    const issuer = `${server}/`;
    const flags: Record<string, string> = {
      "allow-privileged": "true",
      "authorization-mode": "RBAC",
      "bind-address": "127.0.0.1",
      "cert-dir": folder,
      "client-ca-file": join(folder, "client-cert-auth.crt"),
      "disable-admission-plugins": "ServiceAccount",
      "etcd-servers": etcdUrl,
      "secure-port": String(port),
      "service-account-issuer": issuer,
      "service-account-key-file": join(folder, "sa-signer.crt"),
      "service-account-signing-key-file": join(folder, "sa-signer.key"),
      "service-cluster-ip-range": "10.0.0.0/24",
      ...(hasInsecurePort(executable) ? { "insecure-port": "0" } : {}),
      ...options.flags,
    };
    const apiServer = new Program(executable, flags);
    started.push(apiServer);
    await apiServer.untilHealthy(`${server}/healthz`, timeoutMs, clock);
    return { server, issuer, ...certificates, said: () => apiServer.output, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Servers of long ago served without TLS too, and must be told not to. */
function hasInsecurePort(executable: string): boolean {
  const { status, stdout, stderr } = spawnSync(executable, ["--help"], { encoding: "utf8", timeout: 20_000 });
  if (status !== 0) throw new Error(`${executable} --help ended with ${status}: ${stderr}`);
  return /--insecure-port\b/.test(stdout);
}

async function writeCertificates(
  folder: string,
): Promise<{ readonly certificateAuthority: string; readonly admin: CertificateAndKey }> {
  const authority = createCertificateAuthority({ clock: systemClock }, "envtest-environment");
  const clients = createCertificateAuthority({ clock: systemClock }, "envtest-environment");
  const serving = authority.issue({
    commonName: "apiserver",
    usage: "server",
    hosts: ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default.svc"],
  });
  const signer = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const files = {
    "apiserver.crt": serving.certificate,
    "apiserver.key": serving.key,
    "client-cert-auth.crt": clients.certificate,
    "sa-signer.crt": signer.publicKey.export({ type: "spki", format: "pem" }),
    "sa-signer.key": signer.privateKey.export({ type: "pkcs1", format: "pem" }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return {
    certificateAuthority: authority.certificate,
    admin: clients.issue({ commonName: "admin", organizations: ["system:masters"], usage: "client" }),
  };
}

class Program {
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  readonly #path: string;

  constructor(path: string, flags: Readonly<Record<string, string>>) {
    this.#path = path;
    const argv = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    this.#child = spawn(path, argv, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", resolve);
      this.#child.on("error", (error) => {
        this.output += String(error);
        resolve(null);
      });
    });
  }

  async untilHealthy(url: string, timeoutMs: number, clock: Clock): Promise<void> {
    const end = clock.monotonic() + timeoutMs;
    let ended = false;
    void this.#ended.then(() => {
      ended = true;
    });
    while (!(await isHealthy(url))) {
      if (ended) throw new Error(`${this.#path} ended early: ${this.output}`);
      if (clock.monotonic() > end) throw new Error(`${this.#path}: ${url} did not answer in time: ${this.output}`);
      await sleep(clock, 100);
    }
  }

  async stop(timeoutMs: number, clock: Clock): Promise<number | null> {
    this.#child.kill("SIGTERM");
    const stopped = new AbortController();
    const late = sleep(clock, timeoutMs, stopped.signal).then(
      () => "late" as const,
      () => "late" as const,
    );
    const code = await Promise.race([this.#ended, late]);
    stopped.abort();
    if (code !== "late") return code;
    this.#child.kill("SIGKILL");
    throw new Error(`${this.#path} did not end within ${timeoutMs} ms of SIGTERM`);
  }
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = url.startsWith("https:")
      ? getHttps(url, { rejectUnauthorized: false, agent: false })
      : getHttp(url, { agent: false });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.on("error", () => resolve(false));
  });
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return [ports[0]!, ports[1]!];
}
