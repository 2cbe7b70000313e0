import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { Call } from "./call.ts";
import type { ControllerDefinition } from "./definition.ts";
import { objectKey } from "./event-handler.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizer.ts";
import { pausedBy } from "./pause.ts";
import type { Reconciler } from "./reconciler.ts";

/** What a reconcile of an object comes down to. */
export interface Chosen<T extends KubeObject> {
  readonly reconcile: Reconciler<T>;
  readonly object: Stored<T>;
  /** Runs after success, before the outcome counts. */
  readonly after?: () => Promise<void>;
}

/** Reads the object of a request. A watch that selects, or keeps only metadata, has what the controller is about. */
export function findObject<T extends KubeObject>(
  call: Call,
  client: Client,
  resource: Resource<T>,
): Promise<Stored<T> | undefined> | Stored<T> | undefined {
  const { item } = call.taken;
  const own = call.scope.own;
  if (own && (own.watch.metadataOnly || own.watch.labelSelector || own.watch.fieldSelector || own.watch.name))
    return own.store.get(item) as Stored<T> | undefined;
  return client.find(resource, item);
}

/**
 * What to call for an object in its state: cleanup, pause, or the reconciler itself; undefined: nothing. A promise only
 * where something is written, as most reconciles come by here and write nothing.
 */
export function choose<T extends KubeObject>(
  call: Call,
  client: Client,
  definition: ControllerDefinition<T>,
  resource: Resource<T>,
  object: Stored<T>,
): Chosen<T> | undefined | Promise<Chosen<T>> {
  const { name, options, reconcile, cleanup, paused } = definition;
  const finalizer = options.finalizer ?? `${name}.homeostat.dev/cleanup`;
  const known = call.scope.paused;
  const key = objectKey(call.taken.item);
  if (object.metadata.deletionTimestamp !== undefined) {
    known.delete(key);
    if (!cleanup) return { reconcile, object };
    if (!hasFinalizer(object, finalizer)) return undefined;
    return { reconcile: cleanup, object, after: () => removeFinalizer(client, resource, object, finalizer) };
  }
  const reason = pausedBy(object, resource, options.pausePrefix ?? "homeostat.dev", options.pausedWhen);
  if (reason !== undefined) {
    if (!known.has(key)) call.log.info({ reason }, "Reconciling is paused");
    known.add(key);
    return paused && { reconcile: paused, object };
  }
  known.delete(key);
  if (!cleanup || definition.finalizerOnDemand || hasFinalizer(object, finalizer)) return { reconcile, object };
  return addFinalizer(client, resource, object, finalizer).then((marked) => ({ reconcile, object: marked }));
}
