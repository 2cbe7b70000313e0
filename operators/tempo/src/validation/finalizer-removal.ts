import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@homeostat/api";

export const tempoFinalizer = "tempo.grafana.com/finalizer";

/** Whether an update only takes the operator's finalizer off an object that is being deleted: never to be refused. */
export function isFinalizerRemoval(old: KubeObject | undefined, object: KubeObject): boolean {
  const has = ({ metadata }: KubeObject) => metadata?.finalizers?.includes(tempoFinalizer) === true;
  return (
    old !== undefined &&
    object.metadata?.deletionTimestamp !== undefined &&
    has(old) &&
    !has(object) &&
    isDeepStrictEqual((old as { spec?: unknown }).spec, (object as { spec?: unknown }).spec)
  );
}
