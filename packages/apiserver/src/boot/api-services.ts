import { formatTime, isAlreadyExists, isNotFound, type JsonObject } from "@homeostat/api";
import type { Aggregation, Availability } from "../aggregation/aggregation.ts";
import { struct, structs, text } from "../builtins/json-fields.ts";
import { compareVersions } from "../discovery/priority.ts";
import type { ServerLog } from "../log.ts";
import { createObject } from "../registry/create.ts";
import { apiServerUser } from "../registry/custom-resource-controller.ts";
import { deleteObject } from "../registry/delete.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import { copyOf, metaOf } from "../registry/object.ts";
import { parseEntry } from "../registry/object-store.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { updateObject } from "../registry/update.ts";

const group = "apiregistration.k8s.io";
/** `onstart`: made with the server, `true`: kept as long as a definition serves the version. */
const managedLabel = "kube-aggregator.kubernetes.io/automanaged";

/** Place of the built-in groups and of their versions. Source: kube-apiserver, `apiVersionPriorities`. */
const groupPriorities: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "admissionregistration.k8s.io": 16_700,
  "apiextensions.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
  "resource.k8s.io": 15_900,
};

interface Wanted {
  readonly name: string;
  readonly custom: boolean;
  readonly spec: JsonObject;
}

/** Keeps an APIService for every group and version that is served here, and says of others that nobody serves them. */
export interface ApiServices {
  /** Makes those that are missing. */
  start(): Promise<void>;
  /** Resolves when nothing more is written. */
  stop(): Promise<void>;
}

export interface ApiServicesOptions {
  readonly engine: Engine;
  readonly log: ServerLog;
  /** Follows those that point at a Service. */
  readonly aggregation: Aggregation;
}

/**
 * Follows the catalog, one round after the other. APIServices that point at a Service are kept as they are written; what
 * follows them says whether they are available.
 *
 * Source: kube-aggregator, `autoregister` and `crdregistration` controllers, and its two of availability.
 */
export function createApiServices({ engine, log, aggregation }: ApiServicesOptions): ApiServices {
  const served = engine.catalog.find(group, "v1", "apiservices");
  if (!served) throw new Error(`the catalog has no apiservices.${group}`);
  const { storage } = engine.store;
  const prefix = engine.store.prefix(served);
  let stopped = false;
  let running: Promise<void> | undefined;
  let again = false;
  const round = async (first: boolean): Promise<void> => {
    const wanted = wantedServices(engine.catalog.all());
    const { entries } = await storage.list(prefix);
    const found = new Map(entries.map((entry) => [entry.key.slice(prefix.length), parseEntry(entry)]));
    for (const each of wanted.values()) {
      // Built-in ones that people delete come back with the next server.
      if (!found.has(each.name) && (each.custom || first)) await create(engine, served, each);
    }
    for (const { group: name, version } of aggregation.all()) {
      if (!found.has(`${version}.${name}`)) aggregation.forget(`${version}.${name}`);
    }
    for (const [name, object] of found) {
      if (stopped) return;
      const spec = struct(object, "spec");
      if (isElsewhere(spec)) await aggregation.follow(name, spec);
      else aggregation.forget(name);
      if (metaOf(object).labels?.[managedLabel] === "true" && !wanted.has(name)) await remove(engine, served, name);
      else if (!isElsewhere(spec)) await tellAvailability(engine, name, local);
    }
  };
  const sync = (): void => {
    again = true;
    running ??= work().finally(() => {
      running = undefined;
      if (again && !stopped) sync();
    });
  };
  const work = async (): Promise<void> => {
    while (again && !stopped) {
      again = false;
      try {
        await round(false);
      } catch (error) {
        log.error({ error: String(error) }, "Keeping APIServices failed, trying again");
        engine.clock.setTimer(sync, 1000, { keepAlive: false });
      }
    }
  };
  let unsubscribe: (() => void)[] = [];
  return {
    async start() {
      await round(true);
      unsubscribe = [engine.catalog.onChange(sync), storage.watch(prefix, storage.revision(), sync)];
    },
    async stop() {
      stopped = true;
      for (const end of unsubscribe) end();
      await running;
    },
  };
}

/** By name: `v1.apps`, and `v1.` for the core group. The group of APIServices itself has none. Pure. */
function wantedServices(all: readonly ServedResource[]): ReadonlyMap<string, Wanted> {
  const versions = new Map<string, Map<string, boolean>>();
  for (const { resource, custom } of all) {
    if (resource.group === group) continue;
    const known = versions.get(resource.group) ?? new Map<string, boolean>();
    known.set(resource.version, (known.get(resource.version) ?? true) && custom);
    versions.set(resource.group, known);
  }
  const wanted = new Map<string, Wanted>();
  for (const [name, known] of versions) {
    const ordered = [...known.keys()].sort(compareVersions).reverse();
    for (const [index, version] of ordered.entries()) {
      const custom = known.get(version)!;
      const groupPriorityMinimum = custom ? 1000 : (groupPriorities[name] ?? 15_000);
      const versionPriority = custom ? 100 : name === "" ? 1 : 15 * (index + 1);
      const spec = { ...(name === "" ? {} : { group: name }), version, groupPriorityMinimum, versionPriority };
      wanted.set(`${version}.${name}`, { name: `${version}.${name}`, custom, spec });
    }
  }
  return wanted;
}

async function create(engine: Engine, served: ServedResource, { name, custom, spec }: Wanted): Promise<void> {
  const object: JsonObject = {
    apiVersion: `${group}/v1`,
    kind: "APIService",
    metadata: { name, labels: { [managedLabel]: custom ? "true" : "onstart" } },
    spec,
  };
  try {
    const made = await createObject(engine, writeOf(served), object);
    await tellAvailability(engine, metaOf(made.object).name ?? "", local);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function remove(engine: Engine, served: ServedResource, name: string): Promise<void> {
  await deleteObject(engine, writeOf(served), name, {}).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

/**
 * Whether it points at a Service. The core group and the group of APIServices always stay here, or nobody could undo
 * the mistake of giving them away.
 */
function isElsewhere(spec: JsonObject | undefined): spec is JsonObject {
  const served = text(spec, "group");
  return struct(spec, "service") !== undefined && served !== "" && served !== group;
}

const local: Availability = { status: "True", reason: "Local", message: "Local APIServices are always available" };

/** Writes whether a service is available, where that is not what it says. */
export async function tellAvailability(engine: Engine, name: string, wanted: Availability): Promise<void> {
  const served = engine.catalog.find(group, "v1", "apiservices")!;
  const entry = await engine.store.storage.get(engine.store.key(served, undefined, name));
  const before = entry && available(parseEntry(entry));
  const { status, reason, message } = wanted;
  if (!entry || (before?.["status"] === status && before["reason"] === reason && before["message"] === message)) return;
  const transform = (live: JsonObject): JsonObject => {
    const known = available(live);
    const since = known?.["status"] === status ? known["lastTransitionTime"] : undefined;
    const lastTransitionTime = since ?? formatTime(engine.clock.now());
    const others = conditions(live).filter(({ type }) => type !== "Available");
    const condition = { type: "Available", status, reason, message, lastTransitionTime };
    return { ...copyOf(live), status: { ...struct(live, "status"), conditions: [...others, condition] } };
  };
  const write = writeOf(served, "status");
  await updateObject(engine, write, name, { fields: "record", transform }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

const conditions = (object: JsonObject): JsonObject[] => structs(struct(object, "status"), "conditions");
const available = (object: JsonObject): JsonObject | undefined =>
  conditions(object).find(({ type }) => type === "Available");

function writeOf(served: ServedResource, subresource?: string): WriteRequest {
  return {
    served,
    namespace: undefined,
    subresource,
    user: apiServerUser,
    dryRun: false,
    fieldManager: "kube-apiserver",
    warn() {},
  };
}
