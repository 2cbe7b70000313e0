import { formatTime, isNotFound, type Json, type JsonObject } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import { type ConversionSurroundings, conversionWebhookOf } from "../custom-resources/conversion-webhook.ts";
import { type DefinitionCondition, decideNames, namesToJson } from "../custom-resources/names.ts";
import { servedResources } from "../custom-resources/served.ts";
import type { ServerLog } from "../log.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import type { StorageEvent } from "../storage/storage.ts";
import { deleteObject } from "./delete.ts";
import type { Engine, WriteRequest } from "./engine.ts";
import { copyOf, metaOf, mutableMeta } from "./object.ts";
import { parseEntry } from "./object-store.ts";
import type { ServedResource } from "./served-resource.ts";
import { updateObject } from "./update.ts";

/** Keeps a definition until the last of its objects is gone. Source: apiextensions `CustomResourceCleanupFinalizer`. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

/** Who writes the status of definitions. */
export const apiServerUser: UserInfo = { username: "system:apiserver", groups: ["system:masters"] };

/**
 * Serves what CustomResourceDefinitions define. Level-based, one definition after the other: names are decided and
 * conditions written, an established definition is served, one that is being deleted has its objects deleted and is
 * let go when none are left.
 *
 * Source: the naming, establishing and finalizing controllers of apiextensions-apiserver.
 */
export interface CustomResourceController {
  /** Serves what the storage holds already, then follows it. */
  start(): Promise<void>;
  /** Resolves when no definition waits to be looked at. */
  idle(): Promise<void>;
  stop(): void;
}

export interface CustomResourceControllerOptions {
  readonly engine: Engine;
  readonly objectMeta: TypeSchema;
  readonly log: ServerLog;
  /** What conversion webhooks are called with. */
  readonly webhooks: ConversionSurroundings;
}

export function createCustomResourceController(options: CustomResourceControllerOptions): CustomResourceController {
  return new Controller(options);
}

class Controller implements CustomResourceController {
  readonly #engine: Engine;
  readonly #objectMeta: TypeSchema;
  readonly #log: ServerLog;
  readonly #webhooks: ConversionSurroundings;
  readonly #definitions: ServedResource;
  readonly #waiting = new Set<string>();
  /** The generation each definition is served at: its status alone does not make it a new one. */
  readonly #servedGeneration = new Map<string, string>();
  /** Definitions whose names clash with others'. */
  readonly #rejected = new Set<string>();
  /** Watches of the objects of definitions that are being deleted. */
  readonly #emptying = new Map<string, () => void>();
  #running: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #stopped = false;

  constructor({ engine, objectMeta, log, webhooks }: CustomResourceControllerOptions) {
    this.#engine = engine;
    this.#webhooks = webhooks;
    this.#objectMeta = objectMeta;
    this.#log = log;
    const definitions = engine.catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    if (!definitions) throw new Error("the catalog has no customresourcedefinitions.apiextensions.k8s.io");
    this.#definitions = definitions;
  }

  async start(): Promise<void> {
    const { storage } = this.#engine.store;
    const prefix = this.#engine.store.prefix(this.#definitions);
    const { entries, revision } = await storage.list(prefix);
    for (const entry of entries) this.#enqueue(entry.key.slice(prefix.length));
    this.#unsubscribe = storage.watch(prefix, revision, (event) => {
      const name = event.entry.key.slice(prefix.length);
      this.#follow(name, event);
      // A name that becomes free may be another definition's to take.
      for (const waiting of [name, ...this.#rejected]) this.#enqueue(waiting);
    });
    await this.idle();
  }

  /**
   * Serves a definition as it is written, in the turn of the write: who sees it established, changed or gone, in a watch
   * or in the answer, finds its kind served just so.
   */
  #follow(name: string, { type, entry }: StorageEvent): void {
    if (type === "delete") {
      this.#forget(name);
      return;
    }
    const definition = parseEntry(entry);
    try {
      if (isTrue(definition, "Established")) this.#serve(name, definition);
    } catch (error) {
      // Reconciling meets the same error and tries again.
      this.#log.error({ definition: name, error: String(error) }, "Serving a CustomResourceDefinition failed");
    }
  }

  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe?.();
    for (const end of this.#emptying.values()) end();
  }

  #enqueue(name: string): void {
    this.#waiting.add(name);
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
      if (this.#waiting.size > 0 && !this.#stopped) this.#enqueue([...this.#waiting][0]!);
    });
  }

  async #work(): Promise<void> {
    for (const name of this.#waiting) {
      this.#waiting.delete(name);
      if (this.#stopped) return;
      try {
        await this.#reconcile(name);
      } catch (error) {
        // Somebody let it go while it was looked at.
        if (isNotFound(error) && !(await this.#read(name))) {
          this.#forget(name);
          continue;
        }
        this.#log.error(
          { definition: name, error: String(error) },
          "Reconciling a CustomResourceDefinition failed, trying again",
        );
        this.#engine.clock.setTimer(() => this.#stopped || this.#enqueue(name), 1000, { keepAlive: false });
      }
    }
  }

  async #reconcile(name: string): Promise<void> {
    const definition = await this.#read(name);
    if (!definition) return this.#forget(name);
    const settled = await this.#writeConditions(name, definition);
    if (isTrue(settled, "Established")) this.#serve(name, settled);
    if (metaOf(settled).deletionTimestamp) await this.#empty(name, settled);
  }

  async #read(name: string): Promise<JsonObject | undefined> {
    const entry = await this.#engine.store.storage.get(this.#engine.store.key(this.#definitions, undefined, name));
    return entry && (await this.#engine.store.object(this.#definitions, entry));
  }

  async #all(): Promise<JsonObject[]> {
    const { entries } = await this.#engine.store.storage.list(this.#engine.store.prefix(this.#definitions));
    return Promise.all(entries.map((entry) => this.#engine.store.object(this.#definitions, entry)));
  }

  #forget(name: string): void {
    this.#emptying.get(name)?.();
    this.#emptying.delete(name);
    this.#rejected.delete(name);
    if (this.#servedGeneration.delete(name)) this.#engine.catalog.setCustom(name, []);
  }

  #serve(name: string, definition: JsonObject): void {
    const served = `${metaOf(definition).uid}/${metaOf(definition).generation}/${JSON.stringify((definition["status"] as JsonObject)["acceptedNames"])}`;
    const known = this.#servedGeneration.get(name);
    // One that is going is served as it was, so that its objects can go; after a restart that takes serving it again.
    if (known === served || (known !== undefined && metaOf(definition).deletionTimestamp)) return;
    const convertAll = conversionWebhookOf(definition, this.#webhooks);
    this.#engine.catalog.setCustom(name, servedResources(definition, { objectMeta: this.#objectMeta, convertAll }));
    this.#servedGeneration.set(name, served);
  }

  async #writeConditions(name: string, definition: JsonObject): Promise<JsonObject> {
    const decision = decideNames(definition, await this.#all());
    if (decision.namesAccepted.status === "True") this.#rejected.delete(name);
    else this.#rejected.add(name);
    const { approvalCondition } = await import("../custom-resources/crd-validation.ts");
    const approval = approvalCondition(definition);
    const wanted: DefinitionCondition[] = [
      ...(approval ? [{ type: "KubernetesAPIApprovalPolicyConformant", ...approval }] : []),
      decision.namesAccepted,
      decision.established,
      ...(metaOf(definition).deletionTimestamp ? [terminating] : []),
    ];
    return this.#updateStatus(name, (status) => {
      status["acceptedNames"] = namesToJson(decision.acceptedNames);
      status["conditions"] = mergeConditions(status["conditions"], wanted, formatTime(this.#engine.clock.now()));
    });
  }

  async #updateStatus(name: string, change: (status: JsonObject) => void): Promise<JsonObject> {
    const write = this.#write("status");
    const outcome = await updateObject(this.#engine, write, name, {
      fields: "record",
      transform: (live) => {
        const object = copyOf(live);
        const status = (object["status"] ??= {}) as JsonObject;
        change(status);
        return object;
      },
    });
    return outcome.object;
  }

  #write(subresource?: string): WriteRequest {
    return {
      served: this.#definitions,
      namespace: undefined,
      subresource,
      user: apiServerUser,
      dryRun: false,
      fieldManager: "kube-apiserver",
      warn() {},
    };
  }

  /** Deletes the objects of a definition that is going, and lets it go when the last one is gone. */
  async #empty(name: string, definition: JsonObject): Promise<void> {
    if (!(metaOf(definition).finalizers ?? []).includes(cleanupFinalizer)) return;
    const { store } = this.#engine;
    const spec = definition["spec"] as { group: string; names: { plural: string } };
    const prefix = `/${spec.group}/${spec.names.plural}/`;
    const served = this.#engine.catalog
      .all()
      .find((each) => each.custom && each.resource.group === spec.group && each.resource.plural === spec.names.plural);
    const { entries, revision } = await store.storage.list(prefix);
    if (entries.length === 0) return this.#letGo(name);
    if (!served) return;
    if (!this.#emptying.has(name)) {
      this.#emptying.set(
        name,
        store.storage.watch(prefix, revision, ({ type }) => type === "delete" && this.#enqueue(name)),
      );
    }
    for (const entry of entries) {
      const { namespace, name: objectName } = store.attributes(served, entry);
      // Nobody is asked: the definition's deletion has been admitted.
      const at = { served, namespace: namespace || undefined, admittedAs: "already" } as const;
      const write: WriteRequest = { ...this.#write(), ...at };
      await deleteObject(this.#engine, write, objectName, {}).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if ((await store.storage.list(prefix, { limit: 1 })).entries.length === 0) await this.#letGo(name);
  }

  async #letGo(name: string): Promise<void> {
    await updateObject(this.#engine, this.#write(), name, {
      transform: (live) => {
        const object = copyOf(live);
        mutableMeta(object)["finalizers"] = (metaOf(object).finalizers ?? []).filter(
          (finalizer) => finalizer !== cleanupFinalizer,
        );
        return object;
      },
    });
  }
}

const terminating: DefinitionCondition = {
  type: "Terminating",
  status: "True",
  reason: "InstanceDeletionInProgress",
  message: "the objects of this definition are being deleted",
};

function isTrue(definition: JsonObject, type: string): boolean {
  const status = definition["status"] as { conditions?: DefinitionCondition[] } | undefined;
  return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}

/** Sets conditions; one that keeps its status keeps its time. */
function mergeConditions(current: Json | undefined, wanted: readonly DefinitionCondition[], now: string): Json {
  const before = (Array.isArray(current) ? current : []) as JsonObject[];
  const merged = before.filter(({ type }) => !wanted.some((condition) => condition.type === type));
  for (const condition of wanted) {
    const old = before.find(({ type }) => type === condition.type);
    merged.push({
      ...condition,
      lastTransitionTime: old && old["status"] === condition.status ? old["lastTransitionTime"]! : now,
    });
  }
  return merged;
}
