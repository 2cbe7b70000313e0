import {
  addQuantities,
  compareQuantities,
  forbidden,
  formatQuantity,
  type JsonObject,
  parseQuantity,
  type Quantity,
  subtractQuantities,
} from "@homeostat/api";
import type { AdmissionAttributes, AdmissionPlugin } from "../../admission/admission.ts";
import { struct, structs, text } from "../json-fields.ts";
import type { Lookup } from "./lookup.ts";
import { addUsage, type Counted, isInScope, type Usage, usageOf } from "./quota-usage.ts";

export interface ResourceQuotaOptions {
  readonly lookup: Lookup;
  /**
   * Resolves when an object has been written, or it has become clear that it was not. Default: what is admitted counts
   * from when it is stored, so that two writes at the same time may pass where there is room for one.
   */
  readonly written?: (attributes: AdmissionAttributes) => Promise<void>;
}

/** A write that was let through and may not be in the storage yet. */
interface Pending extends Counted {
  readonly namespace: string;
  readonly name: string;
  readonly object: JsonObject;
}

/**
 * Refuses what would take a namespace over one of its ResourceQuotas. What is in use is counted from the objects
 * there are, and those on their way, rather than read from the quota's status, so that it is right without a
 * controller, before it has looked, and in a burst. Source: plugin ResourceQuota.
 */
export function resourceQuota(options: ResourceQuotaOptions): AdmissionPlugin {
  const pending = new Map<string, Pending>();
  /** One write of a namespace is judged after the other. */
  const turns = new Map<string, Promise<void>>();
  return {
    name: "ResourceQuota",
    async validate(attributes) {
      const { served, subresource, namespace, object } = attributes;
      if (object === undefined || namespace === undefined || subresource !== undefined) return;
      if (served.resource.scope !== "Namespaced") return;
      const quotas = await options.lookup.list("", "resourcequotas", namespace);
      if (quotas.length === 0) return;
      const turn = (turns.get(namespace) ?? Promise.resolve()).then(() =>
        judge({ attributes, namespace, object, quotas }, options, pending),
      );
      const ended = turn.catch(() => {});
      turns.set(namespace, ended);
      void ended.then(() => turns.get(namespace) === ended && turns.delete(namespace));
      await turn;
    },
  };
}

interface Write {
  readonly attributes: AdmissionAttributes;
  readonly namespace: string;
  readonly object: JsonObject;
  readonly quotas: readonly JsonObject[];
}

async function judge(
  write: Write,
  { lookup, written }: ResourceQuotaOptions,
  pending: Map<string, Pending>,
): Promise<void> {
  const { attributes, namespace, object } = write;
  const { group, plural } = attributes.served.resource;
  const counted = { group, plural };
  const concerned = write.quotas.filter((quota) => grown(quota, write, counted).length > 0);
  for (const quota of write.quotas) if (isInScope(quota, counted, object)) demandRequests(quota, write, counted);
  if (concerned.length === 0) return;
  // Before the list: what is written while it is made may be in neither.
  const coming = [...pending.values()].filter(
    (each) => each.namespace === namespace && each.group === group && each.plural === plural,
  );
  const stored = await lookup.list(group, plural, namespace);
  const objects = [
    ...stored.filter((each) => !coming.some(({ name }) => name === nameOf(each))),
    ...coming.map((each) => each.object),
  ];
  const others = objects.filter((each) => nameOf(each) !== nameOf(object));
  for (const quota of concerned) checkQuota(quota, write, counted, others);
  if (!written || attributes.dryRun) return;
  const entry: Pending = { ...counted, namespace, name: nameOf(object), object };
  const key = [group, plural, namespace, entry.name].join("/");
  pending.set(key, entry);
  void written(attributes).finally(() => pending.get(key) === entry && pending.delete(key));
}

/** What the write adds to the use of a quota, by name. */
function grown(quota: JsonObject, { attributes, object }: Write, counted: Counted): [string, Quantity][] {
  if (!isInScope(quota, counted, object)) return [];
  const { old } = attributes;
  const before = old && isInScope(quota, counted, old) ? usageOf(counted, old) : new Map<string, Quantity>();
  const hard = struct(struct(quota, "spec"), "hard") ?? {};
  return [...usageOf(counted, object)]
    .filter(([name]) => name in hard)
    .map(([name, amount]): [string, Quantity] => [name, subtractQuantities(amount, before.get(name) ?? "0")])
    .filter(([, more]) => more.nano > 0n);
}

/** @throws ApiError Forbidden, naming the quota, and what was asked for, is used and is allowed */
function checkQuota(quota: JsonObject, write: Write, counted: Counted, others: readonly JsonObject[]): void {
  const hard = struct(struct(quota, "spec"), "hard") ?? {};
  const more = new Map(grown(quota, write, counted));
  const used = new Map<string, Quantity>();
  const { old } = write.attributes;
  for (const object of [...others, ...(old ? [old] : [])])
    if (isInScope(quota, counted, object)) addUsage(used, usageOf(counted, object));
  const exceeded = [...more.keys()]
    .filter((name) => compareQuantities(addQuantities(used.get(name) ?? "0", more.get(name)!), String(hard[name])) > 0)
    .sort();
  if (exceeded.length === 0) return;
  const list = (amount: (name: string) => string): string =>
    exceeded.map((name) => `${name}=${amount(name)}`).join(",");
  const amountIn = (usage: Usage) => (name: string) => formatQuantity(usage.get(name) ?? parseQuantity("0"));
  const why = `exceeded quota: ${nameOf(quota)}, requested: ${list(amountIn(more))}, used: ${list(amountIn(used))}, limited: ${list((name) => String(hard[name]))}`;
  throw refuse(write, counted, why);
}

const nameOf = (object: JsonObject): string => text(struct(object, "metadata"), "name");

function refuse({ object }: Write, counted: Counted, why: string) {
  return forbidden(counted, nameOf(object), why);
}

/** A quota on what pods ask for can only be kept if they all say what they ask for. */
function demandRequests(quota: JsonObject, write: Write, counted: Counted): void {
  if (counted.group !== "" || counted.plural !== "pods" || write.attributes.old) return;
  const hard = Object.keys(struct(struct(quota, "spec"), "hard") ?? {});
  const spec = struct(write.object, "spec");
  const containers = [...structs(spec, "containers"), ...structs(spec, "initContainers")];
  const missing = new Map<string, string[]>();
  for (const name of hard.filter((each) => /^(requests\.|limits\.)?(cpu|memory)$/.test(each))) {
    const [list, resource] = name.includes(".") ? (name.split(".") as [string, string]) : ["requests", name];
    const silent = containers.filter(
      (container) => struct(struct(container, "resources"), list)?.[resource] === undefined,
    );
    if (silent.length > 0) missing.set(name, silent.map((container) => text(container, "name")).sort());
  }
  if (missing.size === 0) return;
  const list = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, silent]) => `${name} for: ${silent.join(",")}`);
  throw refuse(write, counted, `failed quota: ${nameOf(quota)}: must specify ${list.join("; ")}`);
}
