import { groupResource, isExpired, isForbidden, isNotFound, isUnauthorized, type Resource } from "@homeostat/api";
import type { Logger } from "../log.ts";

export interface WatchProblemsOptions {
  readonly log: Logger;
  /** What is watched of kinds that have namespaces. Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  /** Whether a kind (`deployments.apps`) is being watched successfully: its earlier failures are over then. */
  readonly isWatched: ((kind: string) => boolean) | undefined;
}

/** What keeps kinds from being watched: told once in the log, and in `/readyz` for as long as it lasts. */
export class WatchProblems {
  readonly #options: WatchProblemsOptions;
  readonly #problems = new Map<string, string>();

  constructor(options: WatchProblemsOptions) {
    this.#options = options;
  }

  /** To be called for each failed list or watch. */
  failed(resource: Resource, error: unknown): void {
    // Listing again after a compaction is the ordinary life of a watch.
    if (isExpired(error)) return;
    const kind = groupResource(resource);
    const problem = watchProblem(resource, error, this.#options.namespaces);
    if (this.#problems.get(kind) === problem) return;
    this.#problems.set(kind, problem);
    // Of everything else the reflector has told already.
    if (isForbidden(error) || isNotFound(error) || isUnauthorized(error))
      this.#options.log.warn({ resource: kind, reason: problem }, "Watch does not work");
  }

  /** Those that last. */
  current(): string[] {
    for (const kind of this.#problems.keys()) if (this.#options.isWatched?.(kind)) this.#problems.delete(kind);
    return [...this.#problems.values()];
  }
}

/** What keeps a kind from being watched, and the way out. */
function watchProblem(resource: Resource, error: unknown, namespaces: readonly string[] | undefined): string {
  const kind = groupResource(resource);
  if (isForbidden(error)) {
    const rule = `{apiGroups: ["${resource.group}"], resources: ["${resource.plural}"], verbs: ["get", "list", "watch"]}`;
    const everywhere = namespaces === undefined || resource.scope === "Cluster";
    const where = everywhere ? "a ClusterRole" : `a Role in namespace ${namespaces.join(", and one in ")}`;
    return `watching ${kind} is not permitted: add the rule ${rule} to ${where} of this service account`;
  }
  if (isNotFound(error)) {
    return `the server does not serve ${kind} ${resource.version}: install its CustomResourceDefinition ${resource.plural}.${resource.group}`;
  }
  if (isUnauthorized(error)) {
    return `watching ${kind} fails: the server does not know who we are; check the user's token or certificate in the kubeconfig, or the service account's`;
  }
  return `watching ${kind} fails: ${error instanceof Error ? error.message : String(error)}`;
}
