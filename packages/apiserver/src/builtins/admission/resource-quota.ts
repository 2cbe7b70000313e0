import {
  addQuantities,
  compareQuantities,
  forbidden,
  formatQuantity,
  type JsonObject,
  parseQuantity,
  type Quantity,
} from "@homeostat/api";
import { integer, strings, struct, structs, text } from "../json-fields.ts";
import { qosClassOf } from "../qos.ts";
import type { Lookup } from "./lookup.ts";

/** What is about to be written, as a quota sees it. */
export interface QuotaRequest {
  readonly group: string;
  readonly plural: string;
  readonly namespace: string;
  readonly object: JsonObject;
  /** The stored state of an update. */
  readonly old: JsonObject | undefined;
}

type Usage = ReadonlyMap<string, Quantity>;

/**
 * Refuses what would take a namespace over one of its ResourceQuotas. What is in use is counted from the objects
 * there are rather than read from the quota's status, so that it is right without a controller and after a burst.
 * Source: plugin ResourceQuota.
 *
 * @throws ApiError Forbidden, naming the quota, and what was asked for, is used and is allowed
 */
export async function checkQuotas(request: QuotaRequest, lookup: Lookup): Promise<void> {
  const quotas = await lookup.list("", "resourcequotas", request.namespace);
  if (quotas.length === 0) return;
  const wanted = usageOf(request, request.object);
  const before = request.old ? usageOf(request, request.old) : new Map<string, Quantity>();
  for (const quota of quotas) {
    if (!inScope(quota, request)) continue;
    demandRequests(quota, request);
    const hard = struct(struct(quota, "spec"), "hard") ?? {};
    const grown = [...wanted].filter(
      ([name, amount]) => name in hard && compareQuantities(amount, before.get(name) ?? "0") > 0,
    );
    if (grown.length === 0) continue;
    const used = await usedIn(quota, request, lookup);
    const exceeded = grown.filter(
      ([name, amount]) => compareQuantities(addQuantities(used.get(name) ?? "0", amount), String(hard[name])) > 0,
    );
    if (exceeded.length === 0) continue;
    const names = exceeded.map(([name]) => name).sort();
    const list = (amount: (name: string) => string): string => names.map((name) => `${name}=${amount(name)}`).join(",");
    const amountIn = (usage: Usage) => (name: string) => formatQuantity(usage.get(name) ?? parseQuantity("0"));
    const why = `exceeded quota: ${nameOf(quota)}, requested: ${list(amountIn(wanted))}, used: ${list(amountIn(used))}, limited: ${list((name) => String(hard[name]))}`;
    throw refuse(request, why);
  }
}

const nameOf = (object: JsonObject): string => text(struct(object, "metadata"), "name");
const isPod = (request: QuotaRequest): boolean => request.group === "" && request.plural === "pods";

function refuse(request: QuotaRequest, why: string) {
  return forbidden({ group: request.group, plural: request.plural }, nameOf(request.object), why);
}

/** Usage of all objects of this resource but the one that is written. */
async function usedIn(quota: JsonObject, request: QuotaRequest, lookup: Lookup): Promise<Usage> {
  const total = new Map<string, Quantity>();
  for (const object of await lookup.list(request.group, request.plural, request.namespace)) {
    if (nameOf(object) === nameOf(request.object) || !inScope(quota, { ...request, object })) continue;
    for (const [name, amount] of usageOf(request, object))
      total.set(name, addQuantities(total.get(name) ?? "0", amount));
  }
  return total;
}

/** What one object counts for. */
function usageOf({ group, plural }: Pick<QuotaRequest, "group" | "plural">, object: JsonObject): Usage {
  const usage = new Map<string, Quantity>();
  const add = (name: string, amount: string | number): void => {
    usage.set(name, addQuantities(usage.get(name) ?? "0", amount));
  };
  add(group === "" ? `count/${plural}` : `count/${plural}.${group}`, 1);
  if (group !== "") return usage;
  if (plural === "pods") podUsage(object, add);
  else add(plural, 1);
  if (plural === "services") serviceUsage(object, add);
  if (plural === "persistentvolumeclaims") {
    const storage = struct(struct(struct(object, "spec"), "resources"), "requests")?.["storage"];
    if (storage !== undefined) add("requests.storage", storage as string);
  }
  return usage;
}

type Add = (name: string, amount: string | number) => void;

/** A pod that has ended counts as an object, but takes no room. */
function podUsage(pod: JsonObject, add: Add): void {
  if (["Succeeded", "Failed"].includes(text(struct(pod, "status"), "phase"))) return;
  add("pods", 1);
  for (const container of structs(struct(pod, "spec"), "containers")) {
    for (const [list, aliases] of [
      ["requests", true],
      ["limits", false],
    ] as const) {
      for (const [name, amount] of Object.entries(struct(struct(container, "resources"), list) ?? {})) {
        add(`${list}.${name}`, amount as string);
        if (aliases && (name === "cpu" || name === "memory")) add(name, amount as string);
      }
    }
  }
}

function serviceUsage(service: JsonObject, add: Add): void {
  const spec = struct(service, "spec");
  const type = text(spec, "type");
  if (type === "LoadBalancer") add("services.loadbalancers", 1);
  if (type === "NodePort") add("services.nodeports", structs(spec, "ports").length);
  else if (type === "LoadBalancer")
    add("services.nodeports", structs(spec, "ports").filter((port) => integer(port, "nodePort")).length);
}

/** A quota on what pods ask for can only be kept if they all say what they ask for. */
function demandRequests(quota: JsonObject, request: QuotaRequest): void {
  if (!isPod(request) || request.old) return;
  const hard = Object.keys(struct(struct(quota, "spec"), "hard") ?? {});
  const missing = new Map<string, string[]>();
  for (const name of hard.filter((each) => /^(requests\.|limits\.)?(cpu|memory)$/.test(each))) {
    const [list, resource] = name.includes(".") ? (name.split(".") as [string, string]) : ["requests", name];
    const silent = structs(struct(request.object, "spec"), "containers").filter(
      (container) => struct(struct(container, "resources"), list)?.[resource] === undefined,
    );
    if (silent.length > 0) missing.set(name, silent.map(nameOfContainer));
  }
  if (missing.size === 0) return;
  const list = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, containers]) => `${name} for: ${containers.join(",")}`);
  throw refuse(request, `failed quota: ${nameOf(quota)}: must specify ${list.join("; ")}`);
}

const nameOfContainer = (container: JsonObject): string => text(container, "name");

/** Scopes narrow a quota to some pods; all of them must hold. */
function inScope(quota: JsonObject, request: QuotaRequest): boolean {
  const spec = struct(quota, "spec");
  const expressions = structs(struct(spec, "scopeSelector"), "matchExpressions");
  const scopes = strings(spec, "scopes");
  if (scopes.length === 0 && expressions.length === 0) return true;
  if (!isPod(request)) return false;
  const pod = struct(request.object, "spec");
  return (
    scopes.every((scope) => holds(scope, "Exists", [], pod)) &&
    expressions.every((each) => holds(text(each, "scopeName"), text(each, "operator"), strings(each, "values"), pod))
  );
}

function holds(scope: string, operator: string, values: readonly string[], pod: JsonObject | undefined): boolean {
  const ends = pod?.["activeDeadlineSeconds"] !== undefined;
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
    default:
      return false;
  }
}
