import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

let directory: string;
const running = new Set<ChildProcessWithoutNullStreams>();
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "homeostat-"));
});
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
  await rm(directory, { recursive: true, force: true });
});

/** `homeostat` as a process of its own, in the test's directory. */
class Cli {
  out = "";
  err = "";
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<number | null>;
  #onText = (): void => {};

  constructor(...argv: string[]) {
    this.#child = spawn(process.execPath, [main, ...argv], { cwd: directory, env: { ...process.env, NO_COLOR: "1" } });
    running.add(this.#child);
    this.#child.stdout.on("data", (chunk) => {
      this.out += chunk;
      this.#onText();
    });
    this.#child.stderr.on("data", (chunk) => {
      this.err += chunk;
      this.#onText();
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on("close", (code) => {
        running.delete(this.#child);
        resolve(code);
        this.#onText();
      });
    });
  }

  /** Waits until the output matches. @throws when the process ends without */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.out);
      if (found) return found;
      const ended = await Promise.race([this.#ended.then(() => true), this.#more()]);
      if (ended && !pattern.test(this.out)) throw new Error(`ended without ${pattern}:\n${this.out}${this.err}`);
    }
  }

  #more(): Promise<false> {
    return new Promise((resolve) => {
      this.#onText = () => resolve(false);
    });
  }

  ends(): Promise<number | null> {
    return this.#ended;
  }

  interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    return this.#ended;
  }
}

const up = (...flags: string[]): Cli => new Cli("up", "--plain", "--port", "0", "--kubeconfig", "k/config", ...flags);

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly "certificate-authority-data": string };
  }[];
  readonly users: readonly {
    readonly user: { readonly "client-certificate-data": string; readonly "client-key-data": string };
  }[];
}

/** A request as kubectl makes it: all it knows is the kubeconfig. */
async function ask(
  path: string,
  kubeconfig: string,
  method = "GET",
): Promise<{ status: number; body: Record<string, unknown> }> {
  const { clusters, users } = parse(kubeconfig) as Kubeconfig;
  const decode = (text: string): Buffer => Buffer.from(text, "base64");
  const { cluster } = clusters[0]!;
  const { user } = users[0]!;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      ca: decode(cluster["certificate-authority-data"]),
      cert: decode(user["client-certificate-data"]),
      key: decode(user["client-key-data"]),
      agent: false,
    } as const;
    request(new URL(path, cluster.server), options, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        const isJson = response.headers["content-type"]?.startsWith("application/json");
        resolve({ status: response.statusCode!, body: isJson ? JSON.parse(text) : { text } });
      });
    })
      .on("error", reject)
      .end();
  });
}

const readKubeconfig = (): Promise<string> => readFile(join(directory, "k/config"), "utf8");
const ready = /ready at https:\/\/127\.0\.0\.1:(\d+) after \d+ ms/;
const webApp = "/apis/apps.example.com/v1/namespaces/default/webapps/hello";
const configMap = "/api/v1/namespaces/default/configmaps/hello-config";

/** Resolves when a port is free. */
function takePort(port: number): Promise<{ port: number; release(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const taken = server.address() as { port: number };
      resolve({ port: taken.port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

describe("homeostat up", () => {
  test("boots a cluster that its kubeconfig reaches, runs the operator, says why, and stops on Ctrl-C", async () => {
    const cli = up();
    const port = Number((await cli.says(ready))[1]);
    expect(cli.out).toContain(`export KUBECONFIG=${join(directory, "k/config")}`);
    await cli.says(/object WebApp default\/hello: phase Ready, ready True/);
    const kubeconfig = await readKubeconfig();
    expect((await stat(join(directory, "k/config"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "k/config.run.json"))).mode & 0o777).toBe(0o600);
    expect(await ask(webApp, kubeconfig)).toMatchObject({ status: 200, body: { status: { phase: "Ready" } } });

    const before = (await ask(configMap, kubeconfig)).body as { metadata: { uid: string } };
    await ask(configMap, kubeconfig, "DELETE");
    await cli.says(/why: configmaps\/hello-config deleted; wrote: apply configmaps\/hello-config/);
    const after = (await ask(configMap, kubeconfig)).body as { metadata: { uid: string } };
    expect(after.metadata.uid).not.toBe(before.metadata.uid);

    const why = new Cli("why", "webapp/hello", "--kubeconfig", "k/config");
    expect([await why.ends(), why.err]).toEqual([0, ""]);
    expect(why.out).toContain("why    configmaps/hello-config deleted");
    expect(why.out).toContain("wrote  apply configmaps/hello-config");

    const second = up();
    expect(await second.ends()).toBe(1);
    expect(second.err).toMatch(/belongs to a cluster that runs already, at https:[^\n]+--kubeconfig\n$/);
    expect(await readKubeconfig()).toBe(kubeconfig);

    expect(await cli.interrupt()).toBe(0);
    expect(cli.err).toBe("");
    expect(cli.out).toMatch(/homeostat: stopped after \d+s: \d+ objects?, \d+ reconciles/);
    expect(cli.out).not.toContain("\x1b");
    expect(await readdir(join(directory, "k"))).toEqual(["config"]);
    await (await takePort(port)).release();

    const late = new Cli("why", "webapp/hello", "--kubeconfig", "k/config");
    expect(await late.ends()).toBe(1);
    expect(late.err).toContain("start one with homeostat up");
  });

  test("catches the operator's bug and goes on answering", async () => {
    const cli = up("--bug", "spec-write");
    const found = await cli.says(/LOOP webapp default\/hello: (.+)/);
    expect(found[1]).toContain("spec.replicas of WebApp default/hello");
    expect((await ask(webApp, await readKubeconfig())).status).toBe(200);
    expect(await cli.interrupt()).toBe(0);
  });

  test("answers and stops although an operator loops at full speed", async () => {
    const cli = up("--bug", "status-timestamp", "--no-loop-guard");
    await cli.says(/why: status\.lastReconciled changed by webapp/);
    expect((await ask(webApp, await readKubeconfig())).status).toBe(200);
    expect(await cli.interrupt()).toBe(0);
    expect(cli.out).not.toContain("LOOP");
    const [, reconciles] = await cli.says(/stopped after \d+s: \d+ objects?, (\d+) reconciles/);
    expect(Number(reconciles)).toBeGreaterThan(20);
  });

  test("keeps objects and credentials in a data directory", async () => {
    const first = up("--data-dir", "data", "--controllers", "none");
    await first.says(/phase Ready, ready True/);
    const kubeconfig = await readKubeconfig();
    const { body } = await ask(webApp, kubeconfig);

    const rival = new Cli("up", "--plain", "--port", "0", "--kubeconfig", "other/config", "--data-dir", "data");
    expect(await rival.ends()).toBe(1);
    expect(rival.err).toMatch(/^homeostat: --data-dir: the directory \S+data is in use by process \d+: [^\n]+\n$/);

    expect(await first.interrupt()).toBe(0);
    const again = up("--data-dir", "data", "--no-sample");
    const port = Number((await again.says(ready))[1]);
    // The old credentials, at the new port.
    const moved = kubeconfig.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`);
    const restored = await ask(webApp, moved);
    expect(restored.body["metadata"]).toEqual(body["metadata"]);
    expect(await again.interrupt()).toBe(0);
    expect((await stat(join(directory, "data"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "data/identity.json"))).mode & 0o777).toBe(0o600);
  });

  test("runs without operators, or without their samples", async () => {
    const cli = up("--operators", "none", "--controllers", "none");
    await cli.says(ready);
    expect((await ask("/apis/apps.example.com/v1", await readKubeconfig())).status).toBe(404);
    expect(await cli.interrupt()).toBe(0);
    const bare = up("--no-sample", "--controllers", "none");
    await bare.says(ready);
    expect((await ask(webApp, await readKubeconfig())).status).toBe(404);
    expect(await bare.interrupt()).toBe(0);
  });
});

describe("homeostat up says in one line, with the way out,", () => {
  const fails = async (...flags: string[]): Promise<string> => {
    const cli = new Cli("up", "--plain", "--controllers", "none", ...flags);
    expect(await cli.ends()).toBe(1);
    expect(cli.out).toBe("");
    expect(cli.err).toMatch(/^homeostat: [^\n]+\n$/);
    return cli.err;
  };

  test("that the port is taken", async () => {
    const taken = await takePort(0);
    const err = await fails("--port", String(taken.port), "--data-dir", "data");
    expect(err).toContain(`port ${taken.port} is in use by another program: stop it, or use --port 0`);
    // What was opened by then is let go of.
    expect(await readdir(join(directory, "data"))).not.toContain("lock");
    await taken.release();
  });

  test("that the data directory is a file", async () => {
    await writeFile(join(directory, "file"), "");
    expect(await fails("--port", "0", "--data-dir", "file")).toMatch(
      /--data-dir: cannot keep data in .+ choose another directory/,
    );
  });

  test("that the kubeconfig cannot be written", async () => {
    await writeFile(join(directory, "file"), "");
    const err = await fails("--port", "0", "--kubeconfig", "file/config");
    expect(err).toMatch(/cannot write the kubeconfig .+ choose another file with --kubeconfig/);
  });

  test("that the kubeconfig is another cluster's", async () => {
    const theirs = "clusters: [{name: production, cluster: {server: 'https://example.com'}}]\n";
    await writeFile(join(directory, "config"), theirs);
    expect(await fails("--port", "0", "--kubeconfig", "config")).toContain("is about other clusters (production)");
    expect(await readFile(join(directory, "config"), "utf8")).toBe(theirs);
  });

  test("that a kept identity is damaged", async () => {
    const first = up("--data-dir", "data", "--controllers", "none");
    await first.says(ready);
    await first.interrupt();
    await writeFile(join(directory, "data/identity.json"), "{");
    expect(await fails("--port", "0", "--data-dir", "data")).toContain("identity.json is damaged: remove it");
  });
});

test("adds where an error comes from when asked to", async () => {
  await writeFile(join(directory, "file"), "");
  const cli = new Cli("up", "--port", "0", "--kubeconfig", "file/config", "--verbose");
  expect(await cli.ends()).toBe(1);
  expect(cli.err).toMatch(/^homeostat: cannot write[^\n]+\nCommandError: [^\n]+\n {4}at /);
});
