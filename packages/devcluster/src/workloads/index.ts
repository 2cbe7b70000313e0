import type { ControllerDefinition } from "@homeostat/runtime";
import { cronJobController } from "./cron-job/cron-job.ts";
import { daemonSetController } from "./daemon-set/daemon-set.ts";
import { deploymentController } from "./deployment/deployment.ts";
import { jobController } from "./job/job.ts";
import { jobOrphanPodController } from "./job/orphan-pods.ts";
import { replicaSetController, replicationControllerController } from "./replica-set/replica-set.ts";
import { statefulSetController } from "./stateful-set/stateful-set.ts";
import type { WorkloadOptions } from "./workload-controller.ts";

export { cronJobController } from "./cron-job/cron-job.ts";
export { daemonSetController } from "./daemon-set/daemon-set.ts";
export { deploymentController } from "./deployment/deployment.ts";
export { jobController } from "./job/job.ts";
export { jobOrphanPodController } from "./job/orphan-pods.ts";
export { replicaSetController, replicationControllerController } from "./replica-set/replica-set.ts";
export { statefulSetController } from "./stateful-set/stateful-set.ts";
export type { WorkloadOptions } from "./workload-controller.ts";

/** The controllers that make pods of workloads, for a manager whose user is `system:kube-controller-manager`. */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export function workloadControllers(options: WorkloadOptions = {}): ControllerDefinition<any>[] {
  return [
    deploymentController(options),
    replicaSetController(options),
    replicationControllerController(options),
    statefulSetController(options),
    daemonSetController(options),
    jobController(options),
    jobOrphanPodController(options),
    cronJobController(options),
  ];
}
