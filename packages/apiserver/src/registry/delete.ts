import { conflict, formatTime, type JsonObject, notFound, type Status, staleResourceVersion } from "@homeostat/api";
import { type Entry, RevisionMismatchError } from "../storage/storage.ts";
import type { Engine, Outcome, WriteRequest } from "./engine.ts";
import { pendingFinalizers } from "./finalization.ts";
import { copyOf, metaOf, mutableMeta } from "./object.ts";
import type { ServedResource } from "./served-resource.ts";
import { remove, replace } from "./store-write.ts";

/** Source: meta/v1 `DeleteOptions`. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Old form of the policy. */
  readonly orphanDependents?: boolean;
}

const orphan = "orphan";
const foreground = "foregroundDeletion";

/**
 * Deletes an object, or marks it as being deleted where finalizers, a propagation policy or a grace period keep it.
 *
 * @throws ApiError NotFound, Conflict where a precondition does not hold, and whatever admission throws
 */
export async function deleteObject(
  engine: Engine,
  request: WriteRequest,
  name: string,
  options: DeleteOptions,
): Promise<Outcome> {
  const key = engine.store.key(request.served, request.namespace, name);
  for (let attempt = 1; ; attempt++) {
    const entry = await engine.store.storage.get(key);
    if (!entry) throw notFound(request.served.resource, name);
    try {
      return await deleteOnce(engine, request, name, entry, options);
    } catch (error) {
      if (!(error instanceof RevisionMismatchError)) throw error;
      if (attempt >= 20) throw staleResourceVersion(request.served.resource, name);
    }
  }
}

async function deleteOnce(
  engine: Engine,
  request: WriteRequest,
  name: string,
  entry: Entry,
  options: DeleteOptions,
): Promise<Outcome> {
  const { served } = request;
  const live = await engine.store.object(served, entry);
  checkPreconditions(request, name, live, options);
  const attributes = {
    operation: "DELETE",
    served,
    subresource: undefined,
    namespace: request.namespace,
    name,
    object: undefined,
    old: live,
    user: request.user,
    dryRun: request.dryRun,
    options: () => optionsOf(options, request.dryRun),
    admittedAs: request.admittedAs,
    warn: request.warn,
    annotate: request.annotate,
  } as const;
  await engine.admission.mutate(attributes);
  await engine.admission.validate(attributes);

  const object = copyOf(live);
  applyPolicy(object, options);
  engine.beforeDelete(served, object);
  const graceSeconds = served.strategy.gracePeriodSeconds?.(object, options.gracePeriodSeconds) ?? 0;
  const kept = pendingFinalizers(served, object).length > 0 || graceSeconds > 0;
  if (!kept) {
    const last = request.dryRun ? object : await remove(engine, served, entry, object);
    return {
      code: 200,
      object: served.strategy.deleteReturnsObject ? last : (deleted(served, last) as unknown as JsonObject),
    };
  }
  const changed = markDeleting(engine, served, object, live, graceSeconds);
  // The old option promised that dependents are gone with the answer; where they are not, it says "accepted".
  const code = options.orphanDependents === false ? 202 : 200;
  if (!changed || request.dryRun) return { code, object, entry };
  return { code, ...(await replace(engine, request, entry, object)) };
}

/** As webhooks are shown them. */
function optionsOf(options: DeleteOptions, dryRun: boolean): JsonObject {
  return { ...(options as unknown as JsonObject), ...(dryRun ? { dryRun: ["All"] } : {}) };
}

function checkPreconditions(
  request: WriteRequest,
  name: string,
  live: JsonObject,
  { preconditions }: DeleteOptions,
): void {
  const meta = metaOf(live);
  const { resource } = request.served;
  if (preconditions?.uid !== undefined && preconditions.uid !== meta.uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${meta.uid}`,
    );
  }
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== meta.resourceVersion) {
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${meta.resourceVersion}`,
    );
  }
}

/** A policy is written down as a finalizer that the garbage collector takes off. */
function applyPolicy(object: JsonObject, options: DeleteOptions): void {
  const policy =
    options.propagationPolicy ??
    (options.orphanDependents === undefined ? undefined : options.orphanDependents ? "Orphan" : "Background");
  if (policy === undefined) return;
  const meta = mutableMeta(object);
  const others = (metaOf(object).finalizers ?? []).filter(
    (finalizer) => finalizer !== orphan && finalizer !== foreground,
  );
  const wanted = policy === "Orphan" ? [...others, orphan] : policy === "Foreground" ? [...others, foreground] : others;
  if (wanted.length > 0) meta["finalizers"] = wanted;
  else delete meta["finalizers"];
}

/** @returns whether anything changed */
function markDeleting(
  engine: Engine,
  served: ServedResource,
  object: JsonObject,
  live: JsonObject,
  graceSeconds: number,
): boolean {
  const meta = mutableMeta(object);
  const old = metaOf(live);
  const finalizersChanged = JSON.stringify(old.finalizers ?? []) !== JSON.stringify(metaOf(object).finalizers ?? []);
  if (old.deletionTimestamp) {
    // A later delete may shorten the wait, never lengthen it.
    if (graceSeconds >= (old.deletionGracePeriodSeconds ?? 0)) return finalizersChanged;
    const start = Date.parse(old.deletionTimestamp) - (old.deletionGracePeriodSeconds ?? 0) * 1000;
    meta["deletionTimestamp"] = formatTime(Math.max(start, engine.clock.now()) + graceSeconds * 1000);
    meta["deletionGracePeriodSeconds"] = graceSeconds;
    return true;
  }
  meta["deletionTimestamp"] = formatTime(engine.clock.now() + graceSeconds * 1000);
  meta["deletionGracePeriodSeconds"] = graceSeconds;
  if ((old.generation ?? 0) > 0) meta["generation"] = (old.generation ?? 0) + 1;
  if (served.resource.group === "" && served.resource.kind === "Namespace") {
    object["status"] = { ...(object["status"] as JsonObject | undefined), phase: "Terminating" };
    // The API answers a namespace without a grace period: nothing but its content is waited for.
    delete meta["deletionGracePeriodSeconds"];
  }
  return true;
}

function deleted(served: ServedResource, object: JsonObject): Status {
  const { name, uid } = metaOf(object);
  const { group, plural } = served.resource;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { ...(name ? { name } : {}), ...(group ? { group } : {}), kind: plural, ...(uid ? { uid } : {}) },
  };
}
