import {
  type ApiError,
  alreadyExists,
  apiVersionOf,
  fieldError,
  formatTime,
  invalid,
  type JsonObject,
  statusError,
} from "@homeostat/api";
import { recordUpdate } from "../apply/updater.ts";
import { validateObjectMeta } from "../builtins/validation/object-meta.ts";
import { type Entry, KeyExistsError } from "../storage/storage.ts";
import { type Engine, type Outcome, strategyContext, type WriteRequest } from "./engine.ts";
import { copyOf, metaOf, mutableMeta } from "./object.ts";
import { dedupeOwnerReferences } from "./owner-references.ts";

/**
 * Stores a new object: identity → defaults → managed fields → admission → strategy → validation → storage.
 *
 * `object` is private, decoded and in the version of the request. `fields: "recorded"` says that its managedFields are
 * right already (server-side apply computed them), else its fields are put down to the request's manager.
 *
 * @throws ApiError AlreadyExists, Invalid, and whatever admission throws
 */
export async function createObject(
  engine: Engine,
  request: WriteRequest,
  object: JsonObject,
  fields: "record" | "recorded" = "record",
): Promise<Outcome> {
  // A generated name may be taken: upstream tries eight times before it gives up.
  for (let attempt = 0; ; attempt++) {
    const candidate = attempt === 0 && metaOf(object).name ? object : copyOf(object);
    try {
      return await createOnce(engine, request, candidate, fields);
    } catch (error) {
      const generated = !metaOf(object).name;
      if (!generated || !(error instanceof NameTakenError))
        throw error instanceof NameTakenError ? error.answer : error;
      if (attempt >= 7) throw withRetryAfter(error.answer);
    }
  }
}

/** Tells a taken name apart from other refusals, so that a generated one can be tried again. */
class NameTakenError extends Error {
  readonly answer: ApiError;
  constructor(answer: ApiError) {
    super(answer.message);
    this.answer = answer;
  }
}

function withRetryAfter(error: ApiError): ApiError {
  const { status } = error;
  return statusError(error.code, error.reason, status.message ?? "", { ...status.details, retryAfterSeconds: 1 });
}

async function createOnce(
  engine: Engine,
  request: WriteRequest,
  object: JsonObject,
  fields: "record" | "recorded",
): Promise<Outcome> {
  const { served } = request;
  const { resource, strategy, schema } = served;
  const context = strategyContext(engine, request);
  const nameGenerated = !metaOf(object).name;
  identify(engine, request, object);
  schema.default(object);
  const name = String(mutableMeta(object)["name"]);
  const attributes = {
    operation: "CREATE",
    served,
    subresource: request.subresource,
    namespace: request.namespace,
    name,
    object,
    old: undefined,
    user: request.user,
    dryRun: request.dryRun,
    nameGenerated,
    options: request.options,
    admittedAs: request.admittedAs,
    warn: request.warn,
    annotate: request.annotate,
  } as const;

  dedupeOwnerReferences(object, request.warn);
  // Before admission: what the server's own plugins set is owned by nobody, and no apply takes it away.
  if (fields === "record") recordManager(engine, request, object, undefined);
  const changed = await engine.admission.mutate(attributes);
  // A webhook may have put another object in its place.
  const meta = mutableMeta(object);
  schema.default(object);
  dedupeOwnerReferences(object, request.warn);
  // What webhooks set belongs to the request's manager.
  if (changed && fields === "record") recordManager(engine, request, object, undefined);
  strategy.prepareForCreate?.(object, context);
  if (strategy.generation) meta["generation"] = 1;
  else delete meta["generation"];

  const causes = [
    ...validateObjectMeta(object),
    ...(strategy.validate?.(object, context) ?? []),
    ...((await strategy.validateLate?.(object, undefined, context)) ?? []),
    ...(await schema.validate(object)),
  ];
  if (causes.length > 0) throw invalid(resource, name, causes);
  await engine.admission.validate(attributes);
  const problem = strategy.allocator?.allocate(object, undefined, context) ?? [];
  if (problem.length > 0) throw invalid(resource, name, problem);
  for (const text of strategy.warnings?.(object) ?? []) request.warn(text);

  if (request.dryRun) {
    const taken = await engine.store.storage.get(engine.store.key(served, request.namespace, name));
    if (taken) throw await nameTaken(engine, request, name, taken);
    return { code: 201, object };
  }
  return { code: 201, ...(await insert(engine, request, name, object)) };
}

async function insert(
  engine: Engine,
  request: WriteRequest,
  name: string,
  object: JsonObject,
): Promise<{ object: JsonObject; entry: Entry }> {
  const { served } = request;
  const stored = engine.catalog.storageOf(served);
  const toStore = stored === served ? object : await stored.convert(copyOf(object));
  try {
    const entry = await engine.store.storage.create(
      engine.store.key(served, request.namespace, name),
      engine.store.encoder(toStore),
    );
    engine.store.written(served, entry, toStore);
    mutableMeta(object)["resourceVersion"] = String(entry.revision);
    return { object, entry };
  } catch (error) {
    served.strategy.allocator?.release(object);
    if (error instanceof KeyExistsError) throw await nameTaken(engine, request, name, error.current);
    throw error;
  }
}

async function nameTaken(engine: Engine, request: WriteRequest, name: string, current: Entry): Promise<NameTakenError> {
  const answer = alreadyExists(request.served.resource, name);
  const deleting = metaOf(await engine.store.object(request.served, current)).deletionTimestamp;
  if (!deleting) return new NameTakenError(answer);
  return new NameTakenError(
    statusError(409, "AlreadyExists", `object is being deleted: ${answer.status.message}`, answer.status.details),
  );
}

/** Gives the object what only the server may say. Source: apiserver `rest.BeforeCreate`. */
function identify(engine: Engine, request: WriteRequest, object: JsonObject): void {
  const { resource, strategy } = request.served;
  const meta = mutableMeta(object);
  if (meta["resourceVersion"])
    throw statusError(500, "InternalError", "resourceVersion should not be set on objects to be created");
  if (resource.scope === "Namespaced") meta["namespace"] = request.namespace!;
  else delete meta["namespace"];
  if (!meta["name"]) {
    const base = meta["generateName"];
    if (typeof base !== "string" || base === "")
      throw invalid(resource, "", [fieldError.required("metadata.name", "name or generateName is required")]);
    meta["name"] = engine.identities.generateName(base);
  }
  const problem = strategy.nameProblem(String(meta["name"]));
  if (problem !== undefined)
    throw invalid(resource, String(meta["name"]), [fieldError.invalid("metadata.name", meta["name"], problem)]);
  meta["uid"] = engine.identities.uid();
  meta["creationTimestamp"] = formatTime(engine.clock.now());
  for (const field of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"])
    delete meta[field];
}

/** Puts what a write changed down to the request's field manager. */
export function recordManager(
  engine: Engine,
  request: WriteRequest,
  object: JsonObject,
  live: JsonObject | undefined,
): void {
  const { resource, schema } = request.served;
  const recorded = recordUpdate({
    live,
    updated: object,
    type: schema.type,
    manager: request.fieldManager,
    apiVersion: apiVersionOf(resource),
    subresource: request.subresource,
    now: formatTime(engine.clock.now()),
    reset: resetFields(request),
    ...servedVersions(engine, request),
  });
  const managed = (recorded["metadata"] as JsonObject)["managedFields"];
  const meta = mutableMeta(object);
  if (managed === undefined) delete meta["managedFields"];
  else meta["managedFields"] = managed;
}

/** Versions whose entries of managed fields still mean something; those of built-in kinds never go. */
export function servedVersions(
  { catalog }: Engine,
  { served }: Pick<WriteRequest, "served">,
): { servedVersions?: readonly string[] } {
  if (!served.custom) return {};
  const { group, plural } = served.resource;
  return { servedVersions: catalog.versions(group, plural).map(({ resource }) => apiVersionOf(resource)) };
}

/** Fields a write through this path cannot set, and so cannot own: `status` on the object, the rest on `/status`. */
export function resetFields(request: WriteRequest): string[][] {
  if (!request.served.strategy.status) return [];
  if (request.subresource === "status")
    return [
      ["spec"],
      ["metadata", "labels"],
      ["metadata", "annotations"],
      ["metadata", "finalizers"],
      ["metadata", "ownerReferences"],
      ["metadata", "deletionTimestamp"],
    ];
  return request.subresource === undefined ? [["status"]] : [];
}
