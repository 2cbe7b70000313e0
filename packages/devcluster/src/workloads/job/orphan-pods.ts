import { controllerOf, Job, Pod } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { untrackPod } from "./job.ts";
import { isTracked, trackingFinalizer } from "./job-pods.ts";

/**
 * Lets pods go whose Job is gone, or that were taken from it: nobody is left to count them, and the tracking finalizer
 * would keep them for ever.
 */
export function jobOrphanPodController(options: WorkloadOptions): ControllerDefinition<Pod> {
  return workloadController(Pod, "job-orphan-pod-controller", options)
    .withPredicates(({ object }) => object.metadata.finalizers.includes(trackingFinalizer))
    .watches(Job, {
      handler({ type, object }, enqueue, cache) {
        const { namespace, uid } = object.metadata;
        if (type !== "deleted" || namespace === undefined) return;
        for (const { metadata } of cache.store(Pod)?.entries({ namespace, ownerUid: uid }) ?? []) {
          enqueue({ namespace, name: metadata.name });
        }
      },
    })
    .reconcile(async ({ object: pod, client }) => {
      if (!isTracked(pod)) return;
      const owner = controllerOf(pod);
      if (owner?.kind === "Job") {
        const key = { namespace: pod.metadata.namespace!, name: owner.name };
        // The cache may be behind: only the server knows that a Job is gone.
        const job = (await client.find(Job, key)) ?? (await client.find(Job, key, { from: "live" }));
        if (job?.metadata.uid === owner.uid) return;
      } else if (owner) {
        return;
      }
      await untrackPod(client, pod);
    });
}
