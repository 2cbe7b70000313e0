import { isBeingDeleted, type Pod, type StatefulSet, type Stored, scaledValue } from "@homeostat/api";
import { isAvailable, isReady, isTerminated } from "../pods.ts";
import { firstOrdinal, ordinalOf, revisionOf, wantedReplicas } from "./identity.ts";

/** A step to take. Those of one plan are taken in order. */
export type Action =
  /** The pod has ended, or is in the way: it is deleted, and made again when it is gone. */
  | { readonly type: "replace"; readonly pod: Stored<Pod> }
  | { readonly type: "create"; readonly ordinal: number; readonly revision: string }
  /** Out of range. */
  | { readonly type: "remove"; readonly pod: Stored<Pod>; readonly ordinal: number }
  /** Of an old revision. */
  | { readonly type: "update"; readonly pod: Stored<Pod> };

export interface SetView {
  readonly set: Stored<StatefulSet>;
  readonly pods: readonly Stored<Pod>[];
  readonly currentRevision: string;
  readonly updateRevision: string;
  readonly now: number;
}

const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === "Running" && isReady(pod);
const isHealthy = (pod: Pod): boolean => isRunningAndReady(pod) && !isBeingDeleted(pod);

/**
 * What a StatefulSet does next. In order (OrderedReady): lower ordinals first, each only when those before are running,
 * ready and available; beyond the wanted number from the highest down, one at a time; then the update, from the highest
 * ordinal down to the partition. Parallel skips the waiting but for the update. Source: kube-controller-manager,
 * `stateful_set_control.go`.
 */
export function planStatefulSet(view: SetView): readonly Action[] {
  const { set } = view;
  const ordered = set.spec?.podManagementPolicy !== "Parallel";
  const byOrdinal = new Map(view.pods.map((pod) => [ordinalOf(set, pod), pod]));
  const first = firstOrdinal(set);
  const wanted = Array.from({ length: wantedReplicas(set) }, (_, index) => first + index);

  const actions: Action[] = [];
  for (const ordinal of wanted) {
    const step = fill(view, ordinal, byOrdinal.get(ordinal));
    if (step.action) actions.push(step.action);
    if (step.waits && ordered) return actions;
  }

  const condemned = [...byOrdinal]
    .filter((entry): entry is [number, Stored<Pod>] => entry[0] !== undefined && !wanted.includes(entry[0]))
    .sort(([a], [b]) => b - a);
  const unhealthy = [...wanted.map((ordinal) => byOrdinal.get(ordinal)), ...condemned.map(([, pod]) => pod).reverse()];
  const firstUnhealthy = unhealthy.find((pod) => pod && !isHealthy(pod));
  for (const [ordinal, pod] of condemned) {
    if (isBeingDeleted(pod)) {
      if (ordered) return actions;
      continue;
    }
    // A set in order does not shrink past a pod in trouble, unless that one is itself the next to go.
    if (ordered && !isHealthy(pod) && pod !== firstUnhealthy) return actions;
    actions.push({ type: "remove", pod, ordinal });
    if (ordered) return actions;
  }
  return [...actions, ...updates(view, wanted, byOrdinal)];
}

interface Filled {
  readonly action?: Action;
  /** Whether those after it have to wait. */
  readonly waits: boolean;
}

function fill(view: SetView, ordinal: number, pod: Stored<Pod> | undefined): Filled {
  if (!pod) return { action: { type: "create", ordinal, revision: revisionFor(view, ordinal) }, waits: true };
  if (isTerminated(pod))
    return isBeingDeleted(pod) ? { waits: true } : { action: { type: "replace", pod }, waits: true };
  if (isBeingDeleted(pod) || !isRunningAndReady(pod)) return { waits: true };
  return { waits: !isAvailable(pod, view.set.spec?.minReadySeconds ?? 0, view.now) };
}

/** Pods below the partition are made again as they were; others as they should be. */
function revisionFor({ set, currentRevision, updateRevision }: SetView, ordinal: number): string {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === "OnDelete" || !rollingUpdate) return updateRevision;
  return ordinal < firstOrdinal(set) + (rollingUpdate.partition ?? 0) ? currentRevision : updateRevision;
}

function updates(
  { set, updateRevision, now }: SetView,
  wanted: readonly number[],
  byOrdinal: ReadonlyMap<number | undefined, Stored<Pod>>,
): readonly Action[] {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type === "OnDelete") return [];
  const first = firstOrdinal(set) + (rollingUpdate?.partition ?? 0);
  const atOnce = Math.max(1, scaledValue(rollingUpdate?.maxUnavailable ?? 1, wanted.length, true));
  const { minReadySeconds = 0 } = set.spec ?? {};
  const isFine = (pod: Stored<Pod> | undefined): boolean =>
    pod !== undefined && isHealthy(pod) && isAvailable(pod, minReadySeconds, now);
  let unavailable = wanted.filter((ordinal) => !isFine(byOrdinal.get(ordinal))).length;
  const actions: Action[] = [];
  for (const ordinal of wanted.filter((each) => each >= first).reverse()) {
    const pod = byOrdinal.get(ordinal);
    if (pod && revisionOf(pod) !== updateRevision && !isBeingDeleted(pod)) {
      // A pod in trouble costs nothing to take away.
      if (isFine(pod) && unavailable >= atOnce) return actions;
      actions.push({ type: "update", pod });
      if (isFine(pod)) unavailable++;
      if (actions.length >= atOnce) return actions;
    } else if (!isFine(pod) && unavailable >= atOnce) {
      return actions;
    }
  }
  return actions;
}
