import type { ControllerDefinition } from "@homeostat/runtime";
import { deploymentController } from "./deployment/deployment.ts";
import { replicaSetController, replicationControllerController } from "./replica-set/replica-set.ts";
import type { WorkloadOptions } from "./workload-controller.ts";

export { deploymentController } from "./deployment/deployment.ts";
export { replicaSetController, replicationControllerController } from "./replica-set/replica-set.ts";
export type { WorkloadOptions } from "./workload-controller.ts";

/** The controllers that make pods of workloads, for a manager whose user is `system:kube-controller-manager`. */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export function workloadControllers(options: WorkloadOptions = {}): ControllerDefinition<any>[] {
  return [deploymentController(options), replicaSetController(options), replicationControllerController(options)];
}
