import { dirname, isAbsolute, join, resolve } from "node:path";
import { yamlModule } from "../on-demand.ts";
import type { Impersonation } from "./credentials.ts";
import type { ExecConfig } from "./exec-credentials.ts";

/**
 * Reads kubeconfigs as kubectl does: which files, how they merge, what a context means. Nothing here connects.
 *
 * Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files"; client-go, tools/clientcmd/loader.go.
 */

/** What is asked of the machine; tests and other hosts pass their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Whether lists of files are separated by `;`. Default false. */
  readonly windows?: boolean;
  /** Directory relative paths on the command line are taken from. */
  readonly workDir: string;
  /** UTF-8. @throws with code ENOENT where there is no such file */
  readFile(path: string): string;
}

/** A merged kubeconfig; paths in it are absolute. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
  /** Files it was read from, in order. */
  readonly files: readonly string[];
}

export interface KubeconfigCluster {
  readonly server?: string;
  readonly "certificate-authority"?: string;
  /** Base64 of PEM. */
  readonly "certificate-authority-data"?: string;
  readonly "insecure-skip-tls-verify"?: boolean;
  readonly "tls-server-name"?: string;
  readonly "proxy-url"?: string;
  readonly extensions?: readonly { readonly name: string; readonly extension: unknown }[];
}

export interface KubeconfigUser {
  readonly "client-certificate"?: string;
  readonly "client-certificate-data"?: string;
  readonly "client-key"?: string;
  readonly "client-key-data"?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly "as-uid"?: string;
  readonly "as-groups"?: readonly string[];
  readonly "as-user-extra"?: Readonly<Record<string, readonly string[]>>;
  readonly exec?: ExecConfig;
  readonly "auth-provider"?: { readonly name?: string };
}

export interface KubeconfigContext {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** A kubeconfig cannot be read or does not say what is needed; the message names file and field. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
  readonly code = "KUBECONFIG";
}

/**
 * Reads and merges kubeconfigs. Of things named twice the first file's win; `current-context` is the first that is set.
 * Files that do not exist are passed over, except one named explicitly.
 *
 * @param path explicit file; default: the files listed in KUBECONFIG, else `~/.kube/config`
 * @returns undefined where none of the files exists
 */
export function loadKubeconfig(host: Host, path?: string): Kubeconfig | undefined {
  const files: string[] = [];
  const merged = {
    currentContext: undefined as string | undefined,
    clusters: new Map<string, KubeconfigCluster>(),
    users: new Map<string, KubeconfigUser>(),
    contexts: new Map<string, KubeconfigContext>(),
  };
  for (const file of path ? [path] : kubeconfigFiles(host)) {
    const absolute = resolve(host.workDir, file);
    const text = readIfThere(host, absolute);
    if (text === undefined) {
      if (path) throw new KubeconfigError(`kubeconfig ${absolute} does not exist`);
      continue;
    }
    files.push(absolute);
    const one = parseKubeconfig(text, absolute);
    merged.currentContext ||= one.currentContext;
    for (const section of ["clusters", "users", "contexts"] as const) {
      const target = merged[section] as Map<string, object>;
      for (const [name, value] of one[section]) if (!target.has(name)) target.set(name, value);
    }
  }
  return files.length === 0 ? undefined : { ...merged, files };
}

/** Files that are read where none is named explicitly. */
export function kubeconfigFiles(host: Host): readonly string[] {
  const listed = (host.env["KUBECONFIG"] ?? "").split(host.windows ? ";" : ":").filter((file) => file !== "");
  return listed.length > 0 ? listed : [join(host.homeDir, ".kube", "config")];
}

function readIfThere(host: Host, path: string): string | undefined {
  try {
    return host.readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new KubeconfigError(`cannot read kubeconfig ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** @param file where the text is from: its directory is what relative paths in it start from */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  let document: unknown;
  try {
    document = yamlModule().parse(text);
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${file} is no YAML: ${(error as Error).message}`, { cause: error });
  }
  if (document === null || document === undefined) document = {};
  if (typeof document !== "object" || Array.isArray(document))
    throw new KubeconfigError(`kubeconfig ${file} is no object`);
  const root = document as Record<string, unknown>;
  const directory = dirname(file);
  const at = (value: string | undefined): string | undefined =>
    value && !isAbsolute(value) ? join(directory, value) : value;
  const clusters = named<KubeconfigCluster>(root, "clusters", "cluster", file);
  for (const [name, cluster] of clusters) clusters.set(name, withPaths(cluster, ["certificate-authority"], at));
  const users = named<KubeconfigUser>(root, "users", "user", file);
  for (const [name, user] of users) {
    const located = withPaths(user, ["client-certificate", "client-key", "tokenFile"], at);
    // A bare name of a plugin is looked up on PATH, a path is relative to the file.
    const command = located.exec?.command;
    users.set(
      name,
      command?.includes("/") ? { ...located, exec: { ...located.exec!, command: at(command)! } } : located,
    );
  }
  const current = root["current-context"];
  return {
    currentContext: typeof current === "string" && current !== "" ? current : undefined,
    clusters,
    users,
    contexts: named<KubeconfigContext>(root, "contexts", "context", file),
    files: [file],
  };
}

function named<T extends object>(
  root: Record<string, unknown>,
  list: string,
  field: string,
  file: string,
): Map<string, T> {
  const entries = root[list] ?? [];
  if (!Array.isArray(entries)) throw new KubeconfigError(`kubeconfig ${file}: ${list} must be a list`);
  const result = new Map<string, T>();
  for (const [index, entry] of entries.entries()) {
    const name = (entry as Record<string, unknown> | null)?.["name"];
    if (typeof name !== "string" || name === "")
      throw new KubeconfigError(`kubeconfig ${file}: ${list}[${index}].name is missing`);
    const value = (entry as Record<string, unknown>)[field] ?? {};
    if (typeof value !== "object")
      throw new KubeconfigError(`kubeconfig ${file}: ${list}[${index}].${field} must be an object`);
    if (!result.has(name)) result.set(name, value as T);
  }
  return result;
}

function withPaths<T extends object>(
  value: T,
  fields: readonly (keyof T & string)[],
  at: (path: string | undefined) => string | undefined,
): T {
  const copy: T = { ...value };
  for (const field of fields)
    if (typeof copy[field] === "string") (copy as Record<string, unknown>)[field] = at(copy[field]);
  return copy;
}

/** What one context points at. */
export interface ResolvedContext {
  readonly name: string;
  readonly cluster: KubeconfigCluster & { readonly server: string };
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}

/** @param contextName default: the file's current one; where that is unset and there is just one context, that */
export function resolveContext(config: Kubeconfig, contextName?: string): ResolvedContext {
  const where = `kubeconfig ${config.files.join(", ")}`;
  const known = [...config.contexts.keys()];
  const name = contextName ?? config.currentContext ?? (known.length === 1 ? known[0] : undefined);
  if (name === undefined)
    throw new KubeconfigError(`${where}: current-context is not set; choose one of ${known.join(", ") || "none"}`);
  const context = config.contexts.get(name);
  if (!context)
    throw new KubeconfigError(
      `${where}: context ${JSON.stringify(name)} does not exist; there are ${known.join(", ") || "none"}`,
    );
  const cluster = config.clusters.get(context.cluster ?? "");
  if (!cluster)
    throw new KubeconfigError(
      `${where}: context ${JSON.stringify(name)} names the cluster ${JSON.stringify(context.cluster ?? "")}, which does not exist`,
    );
  if (!cluster.server) throw new KubeconfigError(`${where}: clusters[${context.cluster}].cluster.server is not set`);
  const user = context.user ? config.users.get(context.user) : {};
  if (!user)
    throw new KubeconfigError(
      `${where}: context ${JSON.stringify(name)} names the user ${JSON.stringify(context.user)}, which does not exist`,
    );
  if (user["auth-provider"]) {
    throw new KubeconfigError(
      `${where}: users[${context.user}].user.auth-provider was removed from Kubernetes; use an exec plugin instead`,
    );
  }
  return { name, cluster: cluster as ResolvedContext["cluster"], user, namespace: context.namespace || undefined };
}

/** The `as…` fields of a user. */
export function impersonationOf(user: KubeconfigUser): Impersonation | undefined {
  if (!user.as) return undefined;
  return {
    user: user.as,
    ...(user["as-uid"] ? { uid: user["as-uid"] } : {}),
    ...(user["as-groups"] ? { groups: user["as-groups"] } : {}),
    ...(user["as-user-extra"] ? { extra: user["as-user-extra"] } : {}),
  };
}
