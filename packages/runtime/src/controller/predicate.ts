import type { KubeObject, LabelSelector } from "@homeostat/api";
import type { CachedMetadata, CachedObject, StoreEvent } from "../cache/store.ts";
import { equalJson, valueAt } from "../ledger/changed-paths.ts";
import type { Predicate } from "./definition.ts";

/**
 * Predicates save reconciles; they save no memory, as the object is in the cache by then. Unless said otherwise they
 * let creations and deletions through and judge updates; those about metadata parse nothing.
 *
 * Source: controller-runtime `pkg/predicate`.
 */

/** Judges updates by both states; a resync, which changes nothing, passes. */
function updates<W extends KubeObject>(differ: (now: CachedObject<W>, old: CachedObject<W>) => boolean): Predicate<W> {
  return (event) => event.type !== "updated" || event.resync || differ(event.object, event.old);
}

/** Judges each type of event by its own function; types without one pass. */
export function predicateFuncs<W extends KubeObject = KubeObject>(funcs: {
  readonly added?: (event: Extract<StoreEvent<W>, { type: "added" }>) => boolean;
  readonly updated?: (event: Extract<StoreEvent<W>, { type: "updated" }>) => boolean;
  readonly deleted?: (event: Extract<StoreEvent<W>, { type: "deleted" }>) => boolean;
}): Predicate<W> {
  return (event) => {
    if (event.type === "added") return funcs.added?.(event) ?? true;
    if (event.type === "updated") return funcs.updated?.(event) ?? true;
    return funcs.deleted?.(event) ?? true;
  };
}

/** The resourceVersion moved: anything but a resync. */
export const resourceVersionChanged: Predicate = (event) =>
  event.type !== "updated" || event.object.metadata.resourceVersion !== event.old.metadata.resourceVersion;

/** The desired state changed. For kinds that count no generations every update passes. */
export const generationChanged: Predicate = updates(({ metadata: now }, { metadata: old }) =>
  now.generation === undefined ? now.resourceVersion !== old.resourceVersion : now.generation !== old.generation,
);

/** Updates that change labels; all other events pass. */
export const labelsChanged: Predicate = updates((now, old) => !equalJson(now.metadata.labels, old.metadata.labels));

/** Updates that change annotations; all other events pass. */
export const annotationsChanged: Predicate = updates(
  (now, old) => !equalJson(now.metadata.annotations, old.metadata.annotations),
);

/** Updates that change finalizers; all other events pass. */
export const finalizersChanged: Predicate = updates(
  (now, old) => !equalJson(now.metadata.finalizers, old.metadata.finalizers),
);

/** Deletion was asked for. */
export const deletionStarted: Predicate = updates(
  (now, old) => now.metadata.deletionTimestamp !== old.metadata.deletionTimestamp,
);

/**
 * The default for a controller's own kind: everything its reconciler may act on, and not the status it writes itself,
 * which would call it again (kinds without the status subresource count no generations apart, so there all pass).
 */
export const specOrMetadataChanged: Predicate = or(
  generationChanged,
  labelsChanged,
  annotationsChanged,
  finalizersChanged,
  deletionStarted,
);

/** A field changed: `status.phase`, `data["tls.crt"]`. Parses both states of an update. */
export function fieldChanged<W extends KubeObject = KubeObject>(path: string): Predicate<W> {
  return updates((now, old) => !equalJson(valueAt(now.object(), path), valueAt(old.object(), path)));
}

/** The status, reason or observed generation of one condition changed. Parses both states of an update. */
export function conditionChanged<W extends KubeObject = KubeObject>(type: string): Predicate<W> {
  const condition = (object: CachedObject<W>): unknown => {
    const conditions = valueAt(object.object(), "status.conditions");
    if (!Array.isArray(conditions)) return undefined;
    const found = conditions.find((candidate: { type?: string }) => candidate.type === type);
    return found && [found.status, found.reason, found.observedGeneration];
  };
  return updates((now, old) => !equalJson(condition(now), condition(old)));
}

/** The object, as it is now, satisfies the filter; for every type of event. */
export function where<W extends KubeObject = KubeObject>(filter: (metadata: CachedMetadata) => boolean): Predicate<W> {
  return (event) => filter(event.object.metadata);
}

/** The object, as it is now, is selected. One that leaves the selection is not seen: see `enteredOrLeftSelector`. */
export function labelSelector<W extends KubeObject = KubeObject>(selector: LabelSelector): Predicate<W> {
  return where((metadata) => selects(selector, metadata.labels));
}

/** The object is selected, or an update has just taken it out of the selection. */
export function enteredOrLeftSelector<W extends KubeObject = KubeObject>(selector: LabelSelector): Predicate<W> {
  return (event) =>
    selects(selector, event.object.metadata.labels) ||
    (event.type === "updated" && selects(selector, event.old.metadata.labels));
}

/** Passes what all let through. */
export function and<W extends KubeObject = KubeObject>(...predicates: readonly Predicate<W>[]): Predicate<W> {
  return (event) => predicates.every((predicate) => predicate(event));
}

/** Passes what any lets through. */
export function or<W extends KubeObject = KubeObject>(...predicates: readonly Predicate<W>[]): Predicate<W> {
  return (event) => predicates.some((predicate) => predicate(event));
}

/** Passes what the other stops. */
export function not<W extends KubeObject = KubeObject>(predicate: Predicate<W>): Predicate<W> {
  return (event) => !predicate(event);
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "Exists") return value !== undefined;
    if (operator === "DoesNotExist") return value === undefined;
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    throw new Error(
      `label selector: unknown operator "${operator}" for key "${key}"; use In, NotIn, Exists or DoesNotExist`,
    );
  });
}
