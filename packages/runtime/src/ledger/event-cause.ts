import { groupResource, type KubeObject, type Resource } from "@homeostat/api";
import type { CachedObject, StoreEvent } from "../cache/store.ts";
import type { Cause } from "./cause.ts";
import { changedPaths, equalJson } from "./changed-paths.ts";

export type EventCause = Extract<Cause, { type: "event" }>;

/** Most paths told of one change. */
const PATH_CAP = 8;

/**
 * Why a change of an object leads to a reconcile. The initial listing is one cause however many objects it has, and
 * so is a resync. Paths are found only when somebody looks, as that needs both states.
 */
export function causeOf<W extends KubeObject>(resource: Resource<W>, event: StoreEvent<W>): Cause {
  if (event.type === "added" && event.initial) return { type: "initial" };
  if (event.type === "updated" && event.resync) return { type: "resync" };
  const { namespace, name, resourceVersion } = event.object.metadata;
  const { writer } = event.object;
  const cause: EventCause = {
    type: "event",
    event: event.type,
    resource: groupResource(resource),
    namespace,
    name,
    resourceVersion,
    ...(writer === undefined ? {} : { writer }),
  };
  return event.type === "updated" ? withPaths(cause, event.object, event.old) : cause;
}

/** A copy that keeps nothing alive: paths are found now. */
export function settledCause(cause: Cause): Cause {
  return cause.type === "event" && cause.paths !== undefined ? { ...cause, paths: cause.paths } : cause;
}

function withPaths<W extends KubeObject>(cause: EventCause, now: CachedObject<W>, old: CachedObject<W>): EventCause {
  let paths: readonly string[] | undefined;
  const changed = changeOf(now, old);
  const writer = changed === "status" ? (now.statusWriter ?? now.writer) : now.writer;
  return {
    ...cause,
    ...(writer === undefined ? {} : { writer }),
    changed,
    get paths() {
      return (paths ??= now.changedPaths?.(old) ?? changedPaths(old.object(), now.object(), PATH_CAP));
    },
  };
}

function changeOf(now: CachedObject, old: CachedObject): "spec" | "metadata" | "status" {
  const { metadata: a } = now;
  const { metadata: b } = old;
  if (a.generation !== b.generation) return "spec";
  const same =
    a.deletionTimestamp === b.deletionTimestamp &&
    equalJson(a.labels, b.labels) &&
    equalJson(a.annotations, b.annotations) &&
    equalJson(a.finalizers, b.finalizers) &&
    equalJson(a.ownerReferences, b.ownerReferences);
  if (!same) return "metadata";
  // Kinds that count no generations are all desired state (ConfigMap), or tell nothing; the first is the careful guess.
  return a.generation === undefined ? "spec" : "status";
}
