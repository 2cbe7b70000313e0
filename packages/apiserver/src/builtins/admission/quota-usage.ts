import { addQuantities, formatQuantity, type JsonObject, parseQuantity, type Quantity } from "@homeostat/api";
import { integer, strings, struct, structAt, structs, text } from "../json-fields.ts";
import { podResources } from "../pod-resources.ts";
import { qosClassOf } from "../qos.ts";

/** A resource by which objects are counted. */
export interface Counted {
  readonly group: string;
  readonly plural: string;
}

/** Amounts by the names that quotas give them: `pods`, `requests.cpu`, `count/deployments.apps`. */
export type Usage = ReadonlyMap<string, Quantity>;

type Add = (name: string, amount: string | number | Quantity) => void;

/** What one object counts for. Source: kube-controller-manager and plugin ResourceQuota, `quota/v1/evaluator`. */
export function usageOf({ group, plural }: Counted, object: JsonObject): Usage {
  const usage = new Map<string, Quantity>();
  const add: Add = (name, amount) => usage.set(name, addQuantities(usage.get(name) ?? "0", amount));
  add(group === "" ? `count/${plural}` : `count/${plural}.${group}`, 1);
  if (group !== "") return usage;
  if (plural === "pods") podUsage(object, add);
  else add(plural, 1);
  if (plural === "services") serviceUsage(object, add);
  if (plural === "persistentvolumeclaims") claimUsage(object, add);
  return usage;
}

export function addUsage(total: Map<string, Quantity>, more: Usage): void {
  for (const [name, amount] of more) total.set(name, addQuantities(total.get(name) ?? "0", amount));
}

/**
 * What is used of a quota, by the names it limits; names that mean nothing are left out.
 *
 * @param objects of a resource in the quota's namespace; none where the resource is not served
 */
export async function quotaUsage(
  quota: JsonObject,
  objects: (counted: Counted) => Promise<readonly JsonObject[]>,
): Promise<Record<string, string>> {
  const names = Object.keys(structAt(quota, "spec", "hard") ?? {}).sort();
  const total = new Map<string, Quantity>();
  const seen = new Set<string>();
  for (const counted of names.flatMap((name) => countedBy(name) ?? [])) {
    const key = `${counted.group}/${counted.plural}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const object of await objects(counted))
      if (isInScope(quota, counted, object)) addUsage(total, usageOf(counted, object));
  }
  const known = names.filter((name) => countedBy(name) !== undefined);
  return Object.fromEntries(known.map((name) => [name, formatQuantity(total.get(name) ?? parseQuantity("0"))]));
}

/** The resource whose objects a name of a quota counts; undefined for names that mean nothing here. */
export function countedBy(name: string): Counted | undefined {
  if (name.startsWith("count/")) {
    const [plural = "", ...group] = name.slice("count/".length).split(".");
    return { group: group.join("."), plural };
  }
  if (name.startsWith("services.")) return { group: "", plural: "services" };
  if (name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/"))
    return { group: "", plural: "persistentvolumeclaims" };
  if (countedByPlural.has(name)) return { group: "", plural: name };
  return isCompute(name) ? { group: "", plural: "pods" } : undefined;
}

const countedByPlural: ReadonlySet<string> = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);

const isCompute = (name: string): boolean =>
  /^(requests\.|limits\.)|^(cpu|memory|ephemeral-storage)$|^hugepages-/.test(name);

/** A pod that has ended counts as an object, but takes no room. */
function podUsage(pod: JsonObject, add: Add): void {
  if (["Succeeded", "Failed"].includes(text(struct(pod, "status"), "phase"))) return;
  add("pods", 1);
  const spec = struct(pod, "spec");
  for (const [name, amount] of podResources(spec, "requests")) {
    add(`requests.${name}`, amount);
    if (["cpu", "memory", "ephemeral-storage"].includes(name) || name.startsWith("hugepages-")) add(name, amount);
  }
  for (const [name, amount] of podResources(spec, "limits")) add(`limits.${name}`, amount);
}

function serviceUsage(service: JsonObject, add: Add): void {
  const spec = struct(service, "spec");
  const type = text(spec, "type");
  if (type === "LoadBalancer") add("services.loadbalancers", 1);
  if (type === "NodePort") add("services.nodeports", structs(spec, "ports").length);
  else if (type === "LoadBalancer")
    add("services.nodeports", structs(spec, "ports").filter((port) => integer(port, "nodePort")).length);
}

function claimUsage(claim: JsonObject, add: Add): void {
  const spec = struct(claim, "spec");
  const storage = structAt(spec, "resources", "requests")?.["storage"];
  const storageClass = text(spec, "storageClassName");
  const prefix = `${storageClass}.storageclass.storage.k8s.io/`;
  if (storageClass) add(`${prefix}persistentvolumeclaims`, 1);
  if (typeof storage !== "string" && typeof storage !== "number") return;
  add("requests.storage", storage);
  if (storageClass) add(`${prefix}requests.storage`, storage);
}

/** Whether a quota counts an object. Scopes narrow it to some pods; all of them must hold. */
export function isInScope(quota: JsonObject, counted: Counted, object: JsonObject): boolean {
  const spec = struct(quota, "spec");
  const expressions = structs(struct(spec, "scopeSelector"), "matchExpressions");
  const scopes = strings(spec, "scopes");
  if (scopes.length === 0 && expressions.length === 0) return true;
  if (counted.group !== "" || counted.plural !== "pods") return false;
  const pod = struct(object, "spec");
  return (
    scopes.every((scope) => holds(scope, "Exists", [], pod)) &&
    expressions.every((each) => holds(text(each, "scopeName"), text(each, "operator"), strings(each, "values"), pod))
  );
}

function holds(scope: string, operator: string, values: readonly string[], pod: JsonObject | undefined): boolean {
  const ends = integer(pod, "activeDeadlineSeconds") !== undefined;
  switch (scope) {
    case "Terminating":
      return ends;
    case "NotTerminating":
      return !ends;
    case "BestEffort":
      return qosClassOf(pod) === "BestEffort";
    case "NotBestEffort":
      return qosClassOf(pod) !== "BestEffort";
    case "PriorityClass": {
      const name = text(pod, "priorityClassName");
      if (operator === "In") return values.includes(name);
      if (operator === "NotIn") return !values.includes(name);
      return (name !== "") === (operator !== "DoesNotExist");
    }
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(pod) === (operator !== "DoesNotExist");
    default:
      return false;
  }
}

function crossesNamespaces(pod: JsonObject | undefined): boolean {
  const terms = ["podAffinity", "podAntiAffinity"].flatMap((kind) => {
    const affinity = structAt(pod, "affinity", kind);
    const preferred = structs(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    return [
      ...structs(affinity, "requiredDuringSchedulingIgnoredDuringExecution"),
      ...preferred.map((weighted) => struct(weighted, "podAffinityTerm")),
    ];
  });
  return terms.some(
    (term) => strings(term, "namespaces").length > 0 || struct(term, "namespaceSelector") !== undefined,
  );
}
