import { formatTime } from "./clock.ts";

/**
 * One aspect of an object's state, as its controller sees it. Source: meta/v1 `Condition`; API conventions, "Typical
 * status properties".
 */
export interface Condition {
  /** CamelCase, unique in its list: `Ready`. */
  readonly type: string;
  readonly status: ConditionStatus;
  /** Generation of the object this was judged on; older than the object's own means outdated. */
  readonly observedGeneration?: number;
  /** RFC 3339: when `status` last changed, not when the rest did. */
  readonly lastTransitionTime: string;
  /** CamelCase, for programs: why `status` is what it is. */
  readonly reason: string;
  /** For people; may be empty. */
  readonly message: string;
}

export type ConditionStatus = "True" | "False" | "Unknown";

/** What a controller says; the time of the last transition follows from what was said before. */
export interface ConditionChange {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  /** Default empty. */
  readonly message?: string;
  readonly observedGeneration?: number;
}

/** Enough of a condition to read it: those of Pods, Nodes and Deployments differ from meta/v1 in the rest. */
export interface ConditionLike {
  readonly type: string;
  readonly status: string;
}

/**
 * Sets the condition of `change.type` and leaves the others and their order alone. `lastTransitionTime` becomes `now`
 * only when the status changes. Returns `conditions` itself when nothing changed, so that `===` tells whether to write.
 *
 * @param now milliseconds since the epoch; kept to the second
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  change: ConditionChange,
  now: number,
): readonly Condition[] {
  const existing = findCondition(conditions, change.type);
  const observed = change.observedGeneration;
  const next: Condition = {
    type: change.type,
    status: change.status,
    ...(observed === undefined ? {} : { observedGeneration: observed }),
    lastTransitionTime: existing?.status === change.status ? existing.lastTransitionTime : formatTime(now),
    reason: change.reason,
    message: change.message ?? "",
  };
  if (conditions === undefined || existing === undefined) return [...(conditions ?? []), next];
  if (isSame(existing, next)) return conditions;
  return conditions.map((condition) => (condition === existing ? next : condition));
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

export function findCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(conditions: readonly ConditionLike[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}

/** False only where the condition is there and says so: an absent or unknown one is neither true nor false. */
export function isConditionFalse(conditions: readonly ConditionLike[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "False";
}

/** Returns `conditions` itself when there is nothing to remove. */
export function removeCondition<C extends ConditionLike>(conditions: readonly C[], type: string): readonly C[] {
  return conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
}

export interface SummaryOptions {
  /** Type of the summary. Default `Ready`. */
  readonly type?: string;
  /** Types whose `True` is the bad news, `Degraded` for one. Default none. */
  readonly negative?: readonly string[];
  /** Generation of the object: conditions judged on an older one count as unknown. Default: not looked at. */
  readonly generation?: number;
  /** Reason when all is well. Default the summary's type. */
  readonly reason?: string;
}

/**
 * Sums several conditions up in one: `False` if one is bad, with the first bad one's reason; else `Unknown` if one is
 * unknown, outdated or absent; else `True`. The message joins those at fault. Pass the result to `setCondition`.
 */
export function summarizeConditions(
  conditions: readonly Condition[] | undefined,
  types: readonly string[],
  options: SummaryOptions = {},
): ConditionChange {
  const { type = "Ready", generation } = options;
  const found = types.map((name) => judge(conditions, name, options));
  const worst = (["False", "Unknown"] as const).find((status) => found.some((one) => one.status === status));
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  if (worst === undefined) return { type, status: "True", reason: options.reason ?? type, message: "", ...observed };
  const atFault = found.filter((one) => one.status === worst);
  return {
    type,
    status: worst,
    reason: atFault[0]!.reason,
    message: atFault.map((one) => one.text).join("; "),
    ...observed,
  };
}

type Judgement = { readonly status: ConditionStatus; readonly reason: string; readonly text: string };

function judge(conditions: readonly Condition[] | undefined, type: string, options: SummaryOptions): Judgement {
  const condition = findCondition(conditions, type);
  if (condition === undefined) return { status: "Unknown", reason: "NotReported", text: `${type} is not reported yet` };
  const { generation } = options;
  if (
    generation !== undefined &&
    condition.observedGeneration !== undefined &&
    condition.observedGeneration < generation
  ) {
    return {
      status: "Unknown",
      reason: "Outdated",
      text: `${type} was judged on generation ${condition.observedGeneration}`,
    };
  }
  const bad = options.negative?.includes(type) ? "True" : "False";
  const status = condition.status === "Unknown" ? "Unknown" : condition.status === bad ? "False" : "True";
  return { status, reason: condition.reason, text: condition.message || `${type} is ${condition.status}` };
}
