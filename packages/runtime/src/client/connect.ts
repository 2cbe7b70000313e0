import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { type Clock, systemClock } from "@homeostat/api";
import {
  basic,
  bearer,
  type CredentialSource,
  certificateFileCredentials,
  combineCredentials,
  type Impersonation,
  staticCredentials,
  tokenFileCredentials,
} from "./credentials.ts";
import { execCredentials, type RunProgram } from "./exec-credentials.ts";
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from "./http-transport.ts";
import { inClusterConfig } from "./in-cluster.ts";
import {
  type Host,
  impersonationOf,
  KubeconfigError,
  kubeconfigFiles,
  loadKubeconfig,
  type ResolvedContext,
  resolveContext,
} from "./kubeconfig.ts";

/** Where the server is looked for, and as whom it is talked to. */
export interface ConnectOptions {
  /** File to use, as with `--kubeconfig`. Default: see {@link connect}. */
  readonly kubeconfig?: string;
  /** Context in it. Default: the current one. */
  readonly context?: string;
  /** Act as somebody else, as `--as` does. Default: the kubeconfig's. */
  readonly impersonate?: Impersonation;
  /** Default 10. */
  readonly poolSize?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: this machine. */
  readonly host?: Host;
  /** Starts credential plugins. Default: as programs. */
  readonly run?: RunProgram;
}

/** A server that was found. */
export interface ServerConnection {
  readonly transport: HttpTransport;
  /** Namespace of the context or of the pod; `default` where neither says. */
  readonly namespace: string;
  /** Address of the server. */
  readonly server: string;
  /** Where the settings came from, for logs: a context's name, or `in-cluster`. */
  readonly source: string;
}

/**
 * Finds the API server as kubectl and controller-runtime do, in this order: the file given, the files listed in
 * KUBECONFIG, the pod's service account, `~/.kube/config`. Nothing is sent before the first request.
 *
 * @throws KubeconfigError saying what was looked for, where nothing was found
 */
export function connect(options: ConnectOptions = {}): ServerConnection {
  const host = options.host ?? thisHost();
  const clock = options.clock ?? systemClock;
  const explicit = options.kubeconfig !== undefined || Boolean(host.env["KUBECONFIG"]);
  if (!explicit) {
    const inCluster = inClusterConfig(host, clock);
    if (inCluster) {
      const { namespace, ...settings } = inCluster;
      return open({ ...settings, ...common(options, clock) }, namespace, "in-cluster");
    }
  }
  const config = loadKubeconfig(host, options.kubeconfig);
  if (!config) {
    throw new KubeconfigError(
      `no API server is known: ${kubeconfigFiles(host).join(", ")} does not exist and this is no pod; set KUBECONFIG or pass a kubeconfig`,
    );
  }
  const context = resolveContext(config, options.context);
  return open(
    { ...transportOptions(context, options, host, clock), ...common(options, clock) },
    context.namespace,
    context.name,
  );
}

/** The machine this runs on: the one place where client code looks at the process's environment. */
export function thisHost(): Host {
  return {
    env: process.env,
    homeDir: homedir(),
    workDir: process.cwd(),
    windows: process.platform === "win32",
    readFile: (path) => readFileSync(path, "utf8"),
  };
}

function open(options: HttpTransportOptions, namespace: string | undefined, source: string): ServerConnection {
  return { transport: createHttpTransport(options), namespace: namespace ?? "default", server: options.server, source };
}

function common(
  options: ConnectOptions,
  clock: Clock,
): Pick<HttpTransportOptions, "clock" | "poolSize" | "impersonate"> {
  return {
    clock,
    ...(options.poolSize === undefined ? {} : { poolSize: options.poolSize }),
    ...(options.impersonate ? { impersonate: options.impersonate } : {}),
  };
}

/** What a context means for a transport. */
function transportOptions(
  context: ResolvedContext,
  options: ConnectOptions,
  host: Host,
  clock: Clock,
): HttpTransportOptions {
  const { cluster, user } = context;
  const ca =
    inline(cluster["certificate-authority-data"], "certificate-authority-data") ??
    file(host, cluster["certificate-authority"], "certificate-authority");
  if (cluster["insecure-skip-tls-verify"] && ca !== undefined) {
    throw new KubeconfigError(
      `context ${JSON.stringify(context.name)}: insecure-skip-tls-verify and certificate-authority cannot both be set; remove one`,
    );
  }
  const proxyUrl = cluster["proxy-url"] || proxyFromEnvironment(cluster.server, host.env);
  const impersonate = impersonationOf(user);
  return {
    server: cluster.server,
    ...(ca === undefined ? {} : { ca }),
    ...(cluster["insecure-skip-tls-verify"] ? { insecureSkipTlsVerify: true } : {}),
    ...(cluster["tls-server-name"] ? { serverName: cluster["tls-server-name"] } : {}),
    ...(proxyUrl ? { proxyUrl } : {}),
    ...(impersonate ? { impersonate } : {}),
    credentials: userCredentials(context, options, host, clock, ca),
  };
}

/** A token wins over a name and password; a plugin is asked where neither is there; certificates go with any. */
function userCredentials(
  context: ResolvedContext,
  options: ConnectOptions,
  host: Host,
  clock: Clock,
  ca: string | undefined,
): CredentialSource {
  const { cluster, user } = context;
  const sources: CredentialSource[] = [];
  const certificate = certificateSource(context, host, clock);
  if (user.exec) {
    const info = {
      server: cluster.server,
      ...(cluster["tls-server-name"] ? { "tls-server-name": cluster["tls-server-name"] } : {}),
      ...(cluster["insecure-skip-tls-verify"] ? { "insecure-skip-tls-verify": true } : {}),
      ...(ca === undefined ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
      ...(cluster["proxy-url"] ? { "proxy-url": cluster["proxy-url"] } : {}),
      ...execExtension(context),
    };
    sources.push(
      execCredentials({
        exec: user.exec,
        cluster: info,
        env: host.env,
        clock,
        ...(options.run ? { run: options.run } : {}),
      }),
    );
  }
  if (certificate) sources.push(certificate);
  // client-go: tokenFile wins over token, because it can be renewed.
  if (user.tokenFile) sources.push(tokenFileCredentials({ path: user.tokenFile, readFile: host.readFile, clock }));
  else if (user.token) sources.push(staticCredentials(bearer(user.token)));
  else if (user.username) sources.push(staticCredentials(basic(user.username, user.password ?? "")));
  return sources.length === 0 ? staticCredentials({}) : combineCredentials(...sources);
}

function certificateSource({ name, user }: ResolvedContext, host: Host, clock: Clock): CredentialSource | undefined {
  const part = (field: "client-certificate" | "client-key"): (() => string) | undefined => {
    const data = inline(user[`${field}-data`], `${field}-data`);
    if (data !== undefined) return () => data;
    return user[field] ? () => file(host, user[field], field)! : undefined;
  };
  const cert = part("client-certificate");
  const key = part("client-key");
  if (!cert && !key) return undefined;
  if (!cert || !key)
    throw new KubeconfigError(
      `context ${JSON.stringify(name)}: user has a ${cert ? "client-certificate without a client-key" : "client-key without a client-certificate"}`,
    );
  return certificateFileCredentials({ cert, key, clock });
}

function inline(data: string | undefined, field: string): string | undefined {
  if (!data) return undefined;
  const text = Buffer.from(data, "base64").toString("utf8");
  if (!text.includes("-----BEGIN ")) throw new KubeconfigError(`${field} is no base64 of PEM`);
  return text;
}

function file(host: Host, path: string | undefined, field: string): string | undefined {
  if (!path) return undefined;
  try {
    return host.readFile(path);
  } catch (error) {
    throw new KubeconfigError(`${field}: cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** What the cluster's entry holds for plugins, under the name KEP-541 reserves. */
function execExtension({ cluster }: ResolvedContext): Record<string, unknown> {
  const found = cluster.extensions?.find(({ name }) => name === "client.authentication.k8s.io/exec");
  return found ? { config: found.extension } : {};
}

/** The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY ask for, as Go reads them. */
export function proxyFromEnvironment(server: string, env: Host["env"]): string | undefined {
  const url = URL.parse(server);
  if (!url) return undefined;
  const read = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined;
  const proxy = url.protocol === "https:" ? read("HTTPS_PROXY") : read("HTTP_PROXY");
  if (!proxy) return undefined;
  const host = url.hostname.toLowerCase();
  // Go never uses a proxy for the machine itself.
  if (host === "localhost" || host === "[::1]" || host.startsWith("127.")) return undefined;
  for (const entry of (read("NO_PROXY") ?? "").split(",").map((part) => part.trim().toLowerCase())) {
    if (entry === "*") return undefined;
    const [name, port] = entry.split(":");
    if (!name || (port && port !== url.port)) continue;
    if (host === name.replace(/^\./, "") || host.endsWith(name.startsWith(".") ? name : `.${name}`)) return undefined;
  }
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}
