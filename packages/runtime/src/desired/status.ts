import {
  ApiError,
  type Condition,
  type ConditionChange,
  type Json,
  type JsonObject,
  type KubeObject,
  type Resource,
  removeCondition,
  setCondition,
} from "@homeostat/api";
import { isTerminal, type ReconcileContext } from "../controller/reconciler.ts";
import { equalJson } from "../ledger/changed-paths.ts";

/** Conditions this runtime speaks; all others of an object are left alone. */
const OURS = ["Ready", "Reconciling", "Stalled", "Paused"];
/** `Degraded` is a usual name for conditions of one's own, so only one with this reason is taken off again. */
const CHILD_FAILED = "ChildFailed";

/**
 * What a reconcile comes to, in Flux's words: `Ready` always; `Reconciling` while something is still to come by itself;
 * `Stalled` when nothing will come without a person; and `Degraded` while a child has failed.
 */
export type Verdict =
  | { readonly type: "ready"; readonly message?: string }
  /** `reason`: default `Progressing`. */
  | { readonly type: "progressing"; readonly message: string; readonly reason?: string }
  | { readonly type: "degraded"; readonly message: string }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "paused"; readonly message: string };

/**
 * Writes a status once, and only if it differs: the fields given, `observedGeneration`, and the conditions of the
 * verdict. Kinds without the status subresource have none written; fields that a kind's schema does not know are left
 * out. A merge patch of the difference, so that what others keep in the status stays.
 *
 * @param own conditions of the definition, which replace ours of the same type
 */
export async function writeStatus<T extends KubeObject>(
  context: ReconcileContext<T>,
  resource: Resource<T>,
  verdict: Verdict,
  fields: object = {},
  own: readonly ConditionChange[] = [],
): Promise<void> {
  const { object, client, clock } = context;
  if (!resource.subresources?.includes("status")) return;
  const live = ((object as { status?: JsonObject }).status ?? {}) as JsonObject;
  const known = knownFields(resource);
  const wanted: JsonObject = { ...(fields as JsonObject) };
  const { generation } = object.metadata;
  if (generation !== undefined && known("observedGeneration") && verdict.type !== "paused")
    wanted["observedGeneration"] = generation;
  if (known("conditions")) {
    const before = (live["conditions"] ?? []) as unknown as readonly Condition[];
    const after = judged(before, verdict, own, generation, clock.now());
    if (!equalJson(before, after)) wanted["conditions"] = after as unknown as Json;
  }
  const patch = difference(live, wanted);
  // The definition installed may be older than ours: what it does not know is left out, with a warning in the log,
  // rather than have the whole status refused.
  const options = { fieldValidation: "Warn" } as const;
  if (patch) await client.status.patchMerge(resource, object.metadata, { status: patch }, options);
}

/** A reason for people and programs; errors of the API bring their own. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return camelCase(error.reason) || "ApiError";
  const code = (error as { reason?: unknown } | null)?.reason;
  if (typeof code === "string" && camelCase(code) === code) return code;
  return isTerminal(error) ? "InvalidConfiguration" : "ReconcileFailed";
}

function judged(
  before: readonly Condition[],
  verdict: Verdict,
  own: readonly ConditionChange[],
  generation: number | undefined,
  now: number,
): readonly Condition[] {
  const ours = conditionsOf(verdict).filter(({ type }) => own.every((each) => each.type !== type));
  const changes = [...ours, ...own];
  let conditions = before;
  for (const condition of before) {
    const said = changes.some((change) => change.type === condition.type);
    if (!said && isOutdated(condition, verdict)) conditions = removeCondition(conditions, condition.type);
  }
  for (const change of changes) {
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    conditions = setCondition(conditions, { ...observed, ...change }, now);
  }
  return conditions;
}

/** Whether a condition that is not said any more is one of ours, and the verdict has something to say about it. */
function isOutdated({ type, reason }: Condition, verdict: Verdict): boolean {
  if (verdict.type === "paused") return type === "Paused";
  if (type === "Degraded") return reason === CHILD_FAILED && verdict.type !== "failed";
  return OURS.includes(type);
}

function conditionsOf(verdict: Verdict): ConditionChange[] {
  switch (verdict.type) {
    case "ready": {
      const { message = "everything that is wanted is there and ready" } = verdict;
      return [{ type: "Ready", status: "True", reason: "Ready", message }];
    }
    case "paused":
      return [{ type: "Paused", status: "True", reason: "Paused", message: verdict.message }];
    case "progressing": {
      const { message, reason = "Progressing" } = verdict;
      return [
        { type: "Ready", status: "False", reason, message },
        { type: "Reconciling", status: "True", reason, message },
      ];
    }
    case "degraded": {
      const said = { reason: CHILD_FAILED, message: verdict.message };
      return [
        { type: "Ready", status: "False", ...said },
        { type: "Degraded", status: "True", ...said },
      ];
    }
    case "failed":
      return failedConditions(verdict.error);
  }
}

function failedConditions(error: unknown): ConditionChange[] {
  const reason = reasonOf(error);
  const message = cut(error instanceof Error ? error.message : String(error));
  const stalled = isTerminal(error);
  return [
    { type: "Ready", status: "False", reason, message },
    { type: stalled ? "Stalled" : "Reconciling", status: "True", reason: stalled ? reason : "Retrying", message },
  ];
}

/** A merge patch from `live` to `wanted`, looking only at the fields that `wanted` names; undefined: nothing differs. */
function difference(live: JsonObject, wanted: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(wanted) as [string, Json | undefined][]) {
    const old = live[key];
    if (value === undefined || value === null) {
      if (old !== undefined) patch[key] = null;
    } else if (isMap(value) && isMap(old)) {
      const gone = Object.fromEntries(
        Object.keys(old)
          .filter((field) => value[field] === undefined)
          .map((field) => [field, null]),
      );
      const inner = difference(old, { ...value, ...gone });
      if (inner) patch[key] = inner;
    } else if (!equalJson(old, value)) {
      patch[key] = value;
    }
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

const isMap = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Which fields the status of a kind may have, where its schema is at hand. */
function knownFields(resource: Resource): (field: string) => boolean {
  type Schema = {
    readonly properties?: Record<string, Schema>;
    readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  };
  const status = (resource as { schema?: Schema }).schema?.properties?.["status"];
  if (!status?.properties || status["x-kubernetes-preserve-unknown-fields"]) return () => true;
  return (field) => Object.hasOwn(status.properties!, field);
}

/** Conditions allow 32768 characters; nobody reads more than this. */
const cut = (text: string): string => (text.length <= 1024 ? text : `${text.slice(0, 1023)}…`);

/** Reasons must be words of letters, digits and underscores. */
const camelCase = (text: string): string => text.replace(/[^A-Za-z0-9_]/g, "").replace(/^[^A-Za-z]+/, "");
