import { isDeepStrictEqual } from "node:util";
import {
  type ApiError,
  conflict,
  fieldError,
  invalid,
  type JsonObject,
  notFound,
  type Resource,
  staleResourceVersion,
} from "@homeostat/api";
import { differsOnlyInTimes } from "../apply/updater.ts";
import { validateObjectMeta } from "../builtins/validation/object-meta.ts";
import { type Entry, RevisionMismatchError } from "../storage/storage.ts";
import { createObject, recordManager } from "./create.ts";
import { type Engine, type Outcome, strategyContext, type WriteRequest } from "./engine.ts";
import { pendingFinalizers } from "./finalization.ts";
import { copyOf, metaOf, mutableMeta, setOrDelete } from "./object.ts";
import { dedupeOwnerReferences } from "./owner-references.ts";
import { remove, replace } from "./store-write.ts";

/** Makes the wanted object of the live one. Called again on the newer state when another write came between. */
export type Transform = (live: JsonObject) => JsonObject | Promise<JsonObject>;

export interface UpdateOptions {
  readonly transform: Transform;
  /**
   * `"record"`: what changed, by admission too, is put down to the request's manager. Default: the object's managed
   * fields are right already, or the write is nobody's (a binding, an eviction).
   */
  readonly fields?: "record";
  /** What to do where there is nothing: make the object to create, with its managed fields; default: 404. */
  readonly create?: () => JsonObject | Promise<JsonObject>;
  /** Whether the caller must say which version it changes: a PUT of a kind without unconditional update. */
  readonly requireVersion?: boolean;
  /** The uid the caller takes the object to have: where there is none, that is a conflict rather than a 404. */
  readonly uid?: string | undefined;
}

/** Upstream retries a patch five times; writers here are few and fast, and giving up is the worse answer. */
const maxAttempts = 20;

/**
 * Changes a stored object: transform → admission → strategy → validation → storage, from the start again when another
 * write came between, unless the caller named the version it wants to change.
 *
 * A write that changes nothing stores nothing: same resourceVersion, no event. Removing the last finalizer of an object
 * that is being deleted removes it.
 *
 * @throws ApiError NotFound, Conflict, Invalid, and whatever admission throws
 */
export async function updateObject(
  engine: Engine,
  request: WriteRequest,
  name: string,
  options: UpdateOptions,
): Promise<Outcome> {
  const key = engine.store.key(request.served, request.namespace, name);
  for (let attempt = 1; ; attempt++) {
    const entry = await engine.store.storage.get(key);
    if (!entry) {
      if (options.uid) throw uidConflict(request.served.resource, name, options.uid, "");
      if (!options.create || request.subresource !== undefined) throw notFound(request.served.resource, name);
      return createObject(engine, request, await options.create(), options.fields ?? "recorded");
    }
    try {
      return await updateOnce(engine, request, name, entry, options);
    } catch (error) {
      if (!(error instanceof RevisionMismatchError)) throw error;
      if (attempt >= maxAttempts) throw staleResourceVersion(request.served.resource, name);
    }
  }
}

async function updateOnce(
  engine: Engine,
  request: WriteRequest,
  name: string,
  entry: Entry,
  options: UpdateOptions,
): Promise<Outcome> {
  const { served } = request;
  const { resource, strategy, schema } = served;
  const context = strategyContext(engine, request);
  const live = await engine.store.object(served, entry);
  const object = await options.transform(copyOf(live));
  checkIdentity(request, name, object, live, options.requireVersion === true);
  schema.default(object);

  const attributes = {
    operation: "UPDATE",
    served,
    subresource: request.subresource,
    namespace: request.namespace,
    name,
    object,
    old: live,
    user: request.user,
    dryRun: request.dryRun,
    options: request.options,
    admittedAs: request.admittedAs,
    warn: request.warn,
    annotate: request.annotate,
  } as const;
  dedupeOwnerReferences(object, request.warn);
  // Before admission: what the server's own plugins set is owned by nobody, and no apply takes it away.
  if (options.fields === "record") recordManager(engine, request, object, live);
  const changed = await engine.admission.mutate(attributes);
  schema.default(object);
  dedupeOwnerReferences(object, request.warn);
  // What webhooks set belongs to the request's manager.
  if (changed && options.fields === "record") recordManager(engine, request, object, live);
  restoreSystemFields(object, live);
  strategy.prepareForUpdate?.(object, live, context);
  countGeneration(request, object, live);

  const causes = [
    ...validateObjectMeta(object),
    ...(strategy.validateUpdate?.(object, live, context) ?? []),
    ...((await strategy.validateLate?.(object, live, context)) ?? []),
    ...(await schema.validate(object, live)),
    ...forbiddenFinalizers(object, live),
  ];
  if (causes.length > 0) throw invalid(resource, name, causes);
  await engine.admission.validate(attributes);
  const problem = strategy.allocator?.allocate(object, live, context) ?? [];
  if (problem.length > 0) throw invalid(resource, name, problem);
  for (const text of strategy.warnings?.(object, live) ?? []) request.warn(text);

  mutableMeta(object)["resourceVersion"] = String(entry.revision);
  if (differsOnlyInTimes(object, live) && !engine.store.isOutdated(served, entry)) return { code: 200, object, entry };
  if (request.dryRun) return { code: 200, object };
  if (mayGo(request, object, live)) return { code: 200, object: await remove(engine, served, entry, object) };
  return { code: 200, ...(await replace(engine, request, entry, object)) };
}

function checkIdentity(
  request: WriteRequest,
  name: string,
  object: JsonObject,
  live: JsonObject,
  requireVersion: boolean,
): void {
  const { resource, strategy } = request.served;
  const meta = metaOf(object);
  const old = metaOf(live);
  if (meta.name !== undefined && meta.name !== old.name) {
    throw invalid(resource, name, [fieldError.invalid("metadata.name", meta.name, "field is immutable")]);
  }
  if (meta.uid && meta.uid !== old.uid) {
    throw uidConflict(resource, name, meta.uid, old.uid ?? "");
  }
  if (!meta.resourceVersion && requireVersion && !strategy.unconditionalUpdate) {
    throw invalid(resource, name, [
      fieldError.invalid("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (meta.resourceVersion && meta.resourceVersion !== old.resourceVersion) throw staleResourceVersion(resource, name);
}

function uidConflict(resource: Resource, name: string, wanted: string, found: string): ApiError {
  return conflict(resource, name, `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`);
}

/** Clients cannot write these. Source: apiserver `rest.BeforeUpdate`. */
function restoreSystemFields(object: JsonObject, live: JsonObject): void {
  const meta = mutableMeta(object);
  const old = mutableMeta(live);
  for (const field of [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
  ]) {
    setOrDelete(meta, field, old[field]);
  }
  delete meta["selfLink"];
}

function countGeneration(request: WriteRequest, object: JsonObject, live: JsonObject): void {
  const { strategy } = request.served;
  if (!strategy.generation) return;
  const counted = (value: JsonObject): JsonObject => {
    const { apiVersion, kind, metadata, ...rest } = value;
    if (strategy.status) delete rest["status"];
    return rest;
  };
  const generation = metaOf(live).generation ?? 0;
  mutableMeta(object)["generation"] = isDeepStrictEqual(counted(object), counted(live)) ? generation : generation + 1;
}

/** No new finalizers on an object that is going. Source: apimachinery `ValidateObjectMetaUpdate`. */
function forbiddenFinalizers(object: JsonObject, live: JsonObject) {
  if (!metaOf(live).deletionTimestamp) return [];
  const had = new Set(metaOf(live).finalizers ?? []);
  const added = (metaOf(object).finalizers ?? []).filter((finalizer) => !had.has(finalizer));
  if (added.length === 0) return [];
  return [
    fieldError.forbidden(
      "metadata.finalizers",
      `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    ),
  ];
}

function mayGo(request: WriteRequest, object: JsonObject, live: JsonObject): boolean {
  const old = metaOf(live);
  if (!old.deletionTimestamp || (old.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return pendingFinalizers(request.served, object).length === 0;
}
