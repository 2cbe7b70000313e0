import type { KubeObject, Resource } from "@homeostat/api";
import { type ControllerBuilder, type ControllerDefinition, controllerFor, type Runnable } from "@homeostat/runtime";

/** A controller of the cluster itself: a definition, or something that runs beside them. */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export type ClusterController = ControllerDefinition<any> | Runnable;

/** First delay of a retry in milliseconds. Source: client-go, default controller rate limiter. */
export const retryBaseMs = 5;

/**
 * Starts a controller of the cluster: one that users' pause annotations do not concern, and that a loop guard need not
 * watch, since what it fights with is the user's business.
 */
export function clusterController<T extends KubeObject>(resource: Resource<T>, name: string): ControllerBuilder<T> {
  return controllerFor(resource, { name, retryBaseMs, pausePrefix: "devcluster.homeostat.dev", loopGuard: false });
}
