import {
  conflict,
  fieldError,
  forbidden,
  internalError,
  invalid,
  type JsonObject,
  type StatusCause,
  tooManyRequests,
} from "@homeostat/api";
import { ensure, integer, stringMap, struct, structs, text } from "./json-fields.ts";
import { selects } from "./validation/checks.ts";

const pods = { group: "", plural: "pods" };
const nameOf = (object: JsonObject): string => text(struct(object, "metadata"), "name");

/**
 * Puts a pod on a node, in place: what a scheduler's Binding asks for.
 *
 * @param now RFC 3339 time to the second
 * @throws ApiError Conflict when the pod is on a node already, waits at a gate, or is going; Invalid for a target that
 * is no node
 */
export function bindPod(pod: JsonObject, binding: JsonObject, now: string): void {
  const name = nameOf(pod);
  const target = struct(binding, "target");
  const causes: StatusCause[] = [];
  if (!["", "Node"].includes(text(target, "kind")))
    causes.push(fieldError.notSupported("target.kind", text(target, "kind"), ["Node", "<empty>"]));
  if (text(target, "name") === "") causes.push(fieldError.required("target.name"));
  if (causes.length > 0) throw invalid({ group: "", kind: "Binding" }, name, causes);

  const refuse = (why: string) => conflict({ group: "", plural: "pods/binding" }, name, why);
  const spec = ensure(pod, "spec");
  if (text(struct(pod, "metadata"), "deletionTimestamp") !== "")
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (text(spec, "nodeName") !== "")
    throw refuse(`pod ${name} is already assigned to node "${text(spec, "nodeName")}"`);
  if (structs(spec, "schedulingGates").length > 0) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);

  spec["nodeName"] = text(target, "name");
  const annotations = stringMap(struct(binding, "metadata"), "annotations");
  if (Object.keys(annotations).length > 0) Object.assign(ensure(ensure(pod, "metadata"), "annotations"), annotations);
  setPodCondition(pod, { type: "PodScheduled", status: "True" }, now);
}

/** Sets a condition of a pod, in place; the time of transition changes only with the status. */
export function setPodCondition(
  pod: JsonObject,
  wanted: { type: string; status: string; reason?: string; message?: string },
  now: string,
): void {
  const status = ensure(pod, "status");
  const conditions = structs(status, "conditions");
  const before = conditions.find((condition) => text(condition, "type") === wanted.type);
  const unchanged = before !== undefined && text(before, "status") === wanted.status;
  const condition: JsonObject = {
    ...wanted,
    lastProbeTime: null,
    lastTransitionTime: unchanged ? (before["lastTransitionTime"] ?? now) : now,
  };
  status["conditions"] = before
    ? conditions.map((each) => (each === before ? condition : each))
    : [...conditions, condition];
}

/** What an eviction that is granted comes to. */
export interface GrantedEviction {
  /** The budget with this eviction counted, to be stored first; undefined where no budget has a say. */
  readonly budget: JsonObject | undefined;
}

/** Budgets count at most so many pods whose deletion they have not seen yet. */
const maxDisruptedPods = 2000;

/**
 * Decides about an eviction: asked politely, a pod goes only if its budget allows it.
 *
 * @param budgets the PodDisruptionBudgets of the pod's namespace; not changed
 * @param now RFC 3339 time to the second
 * @throws ApiError TooManyRequests when the budget is used up or not computed yet; InternalError when several apply
 */
export function grantEviction(pod: JsonObject, budgets: readonly JsonObject[], now: string): GrantedEviction {
  if (goesAnyway(pod)) return { budget: undefined };
  const labels = stringMap(struct(pod, "metadata"), "labels");
  const applying = budgets.filter((budget) => {
    const selector = struct(struct(budget, "spec"), "selector");
    return selector !== undefined && selects(selector, labels);
  });
  if (applying.length > 1)
    throw internalError(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  const [budget] = applying;
  if (!budget || (!isReady(pod) && unreadyMayGo(budget))) return { budget: undefined };
  return { budget: spend(budget, pod, now) };
}

/** A pod that is not at work, or goes already, disrupts nothing. */
function goesAnyway(pod: JsonObject): boolean {
  const phase = text(struct(pod, "status"), "phase");
  return phase !== "Running" || text(struct(pod, "metadata"), "deletionTimestamp") !== "";
}

function isReady(pod: JsonObject): boolean {
  return structs(struct(pod, "status"), "conditions").some(
    (condition) => text(condition, "type") === "Ready" && text(condition, "status") === "True",
  );
}

/** A pod that does not serve may go if the others suffice, or if the budget says so. Source: KEP-3017. */
function unreadyMayGo(budget: JsonObject): boolean {
  if (text(struct(budget, "spec"), "unhealthyPodEvictionPolicy") === "AlwaysAllow") return true;
  const status = struct(budget, "status");
  const desired = integer(status, "desiredHealthy") ?? 0;
  return desired > 0 && (integer(status, "currentHealthy") ?? 0) >= desired;
}

function spend(budget: JsonObject, pod: JsonObject, now: string): JsonObject {
  const status = struct(budget, "status");
  const name = nameOf(budget);
  const why = "Cannot evict pod as it would violate the pod's disruption budget.";
  const cause = (message: string): StatusCause[] => [{ reason: "DisruptionBudget", message }];
  if ((integer(status, "observedGeneration") ?? 0) < (integer(struct(budget, "metadata"), "generation") ?? 0)) {
    throw tooManyRequests(why, 10, cause(`The disruption budget ${name} is still being processed by the server.`));
  }
  const allowed = integer(status, "disruptionsAllowed") ?? 0;
  const refused = (reason: string) => forbidden({ group: "policy", plural: "poddisruptionbudgets" }, name, reason);
  if (allowed < 0) throw refused("pdb disruptions allowed is negative");
  if (Object.keys(struct(status, "disruptedPods") ?? {}).length > maxDisruptedPods) {
    throw refused("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed === 0) {
    const [desired, current] = [integer(status, "desiredHealthy") ?? 0, integer(status, "currentHealthy") ?? 0];
    throw tooManyRequests(
      why,
      0,
      cause(`The disruption budget ${name} needs ${desired} healthy pods and has ${current} currently`),
    );
  }
  const spent = structuredClone(budget);
  const after = ensure(spent, "status");
  after["disruptionsAllowed"] = allowed - 1;
  ensure(after, "disruptedPods")[nameOf(pod)] = now;
  return spent;
}

/** Notes on a pod, in place, that it is about to be evicted. Source: KEP-3329. */
export function markEvicted(pod: JsonObject, now: string): void {
  setPodCondition(
    pod,
    { type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" },
    now,
  );
}

/** The pod an Eviction or a Binding names must be the one of the URL. @throws ApiError Conflict on another uid */
export function checkPodUid(pod: JsonObject, wanted: string | undefined): void {
  const uid = text(struct(pod, "metadata"), "uid");
  if (wanted === undefined || wanted === "" || wanted === uid) return;
  throw conflict(pods, nameOf(pod), `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`);
}
