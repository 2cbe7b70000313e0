import type { KubeObject, Resource } from "@homeostat/api";
import { type ControllerBuilder, controllerFor } from "@homeostat/runtime";

/** Who these controllers are in managed fields: on a cluster they are all part of one process. */
export const fieldManager = "kube-controller-manager";

/** Passed with every write, so that managed fields name the process and not the controller. */
export const asControllerManager = { fieldManager } as const;

/** What all controllers of workloads take. */
export interface WorkloadOptions {
  /** Objects of a kind worked on at once. Default 5, as kube-controller-manager's `--concurrent-*-syncs`. */
  readonly concurrency?: number;
  /** Wait of a Job after its first failed pod, in milliseconds; doubles with each further one. Default 10000. */
  readonly jobBackoffMs?: number;
}

/**
 * A controller of built-in workloads: pause annotations of operators do not concern it, a loop guard has nothing to
 * find, every event counts (these controllers read their own status), and retries start as early as upstream's, since
 * two controllers often meet at one object.
 */
export function workloadController<T extends KubeObject>(
  resource: Resource<T>,
  name: string,
  options: WorkloadOptions,
): ControllerBuilder<T> {
  return controllerFor(resource, {
    name,
    concurrency: options.concurrency ?? 5,
    retryBaseMs: 5,
    pausePrefix: "devcluster.homeostat.dev",
    loopGuard: false,
  }).withPredicates();
}
