import { AlreadyOwnedError, OwnerError } from "./errors.ts";
import type { KubeObject, OwnerReference } from "./object.ts";
import { apiVersionOf, parseApiVersion } from "./resource.ts";

/**
 * Owner references: who an object lives and dies with. Nothing here changes its arguments.
 *
 * Two references mean the same owner when group, kind and name agree: the version is how the owner was read, and a new
 * uid under an old name is the owner's successor. Whether an object *is* owned is asked by uid, as the garbage
 * collector does. Source: controllerutil; GC design, "owner references".
 */
export interface OwnerReferenceOptions {
  /** Marks the owner as the managing controller, of which an object has one at most. Default false. */
  readonly controller?: boolean;
  /** Foreground deletion of the owner waits for the object. Default: as `controller`. */
  readonly blockOwnerDeletion?: boolean;
  /** Kind of the owner, for objects that do not carry it, as the items of lists. Default: the owner's own fields. */
  readonly resource?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** The reference to `owner`. Throws `OwnerError` where kind, name or uid is missing: only stored objects can own. */
export function ownerReference(owner: KubeObject, options: OwnerReferenceOptions = {}): OwnerReference {
  const apiVersion = options.resource ? apiVersionOf(options.resource) : owner.apiVersion;
  const kind = options.resource?.kind ?? owner.kind;
  const { name, uid } = owner.metadata ?? {};
  if (!apiVersion || !kind) throw new OwnerError(`owner ${name ?? ""} has no apiVersion and kind: pass its resource`);
  if (!name || !uid)
    throw new OwnerError(`owner ${kind} ${name ?? ""} has no metadata.name or no metadata.uid: create it first`);
  const { controller = false, blockOwnerDeletion = controller } = options;
  return {
    apiVersion,
    kind,
    name,
    uid,
    ...(controller ? { controller } : {}),
    ...(blockOwnerDeletion || controller ? { blockOwnerDeletion } : {}),
  };
}

/**
 * Makes `owner` the managing controller of `object`. Returns `object` itself where that is so already. Throws
 * `AlreadyOwnedError` where another one is, `OwnerError` where `owner` is in another namespace, or in one while
 * `object` is cluster-scoped.
 */
export function setControllerReference<T extends KubeObject>(
  owner: KubeObject,
  object: T,
  options: Omit<OwnerReferenceOptions, "controller"> = {},
): T {
  const reference = ownerReference(owner, { ...options, controller: true });
  const current = controllerOf(object);
  if (current && !isSameOwner(current, reference)) throw new AlreadyOwnedError(describe(object), current);
  return withReference(owner, object, reference);
}

/** Adds a plain reference to `owner`, in place of an earlier one to it. Throws `OwnerError` as above. */
export function setOwnerReference<T extends KubeObject>(
  owner: KubeObject,
  object: T,
  options: OwnerReferenceOptions = {},
): T {
  return withReference(owner, object, ownerReference(owner, options));
}

/** The reference to the managing controller, if there is one. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

/** Whether `owner` itself, not a namesake, is among the owners: by uid, or by group, kind and name where it has none. */
export function isOwnedBy(object: KubeObject, owner: KubeObject): boolean {
  return object.metadata?.ownerReferences?.some((reference) => refersTo(reference, owner)) ?? false;
}

/** Whether `owner` itself is the managing controller. */
export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const reference = controllerOf(object);
  return reference !== undefined && refersTo(reference, owner);
}

/** Returns an object without references to `owner`, `object` itself where there are none. */
export function removeOwnerReference<T extends KubeObject>(owner: KubeObject, object: T): T {
  const references = object.metadata?.ownerReferences ?? [];
  const kept = references.filter((reference) => !refersTo(reference, owner));
  return kept.length === references.length ? object : withReferences(object, kept);
}

/** Whether two references mean one owner: group, kind and name. */
export function isSameOwner(a: OwnerReference, b: OwnerReference): boolean {
  return (
    parseApiVersion(a.apiVersion).group === parseApiVersion(b.apiVersion).group &&
    a.kind === b.kind &&
    a.name === b.name
  );
}

function refersTo(reference: OwnerReference, owner: KubeObject): boolean {
  const { uid, name } = owner.metadata ?? {};
  if (uid) return reference.uid === uid;
  if (!owner.apiVersion || !owner.kind || !name) return false;
  return isSameOwner(reference, { apiVersion: owner.apiVersion, kind: owner.kind, name, uid: "" });
}

function withReference<T extends KubeObject>(owner: KubeObject, object: T, reference: OwnerReference): T {
  checkScope(owner, object);
  const references = object.metadata?.ownerReferences ?? [];
  const index = references.findIndex((existing) => isSameOwner(existing, reference));
  if (index < 0) return withReferences(object, [...references, reference]);
  return isEqual(references[index]!, reference) ? object : withReferences(object, references.with(index, reference));
}

function isEqual(a: OwnerReference, b: OwnerReference): boolean {
  return (
    a.apiVersion === b.apiVersion &&
    a.uid === b.uid &&
    (a.controller ?? false) === (b.controller ?? false) &&
    (a.blockOwnerDeletion ?? false) === (b.blockOwnerDeletion ?? false)
  );
}

function withReferences<T extends KubeObject>(object: T, ownerReferences: readonly OwnerReference[]): T {
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

function checkScope(owner: KubeObject, object: KubeObject): void {
  const home = owner.metadata?.namespace;
  if (!home) return;
  const place = object.metadata?.namespace;
  if (!place) {
    throw new OwnerError(
      `${describe(object)} is cluster-scoped and cannot be owned by one in namespace ${home}: use a label and a finalizer`,
    );
  }
  if (place !== home) {
    throw new OwnerError(
      `${describe(object)} cannot be owned by one in namespace ${home}: use a label and a finalizer`,
    );
  }
}

function describe(object: KubeObject): string {
  const { namespace, name = "" } = object.metadata ?? {};
  return `${object.kind ?? "object"} ${namespace ? `${namespace}/` : ""}${name}`;
}
