import { type KubeObject, parseApiVersion, type Resource } from "@homeostat/api";
import type { CachedMetadata, CachedObject, StoreEvent } from "../cache/store.ts";
import type { EventHandler, MapFunction } from "./definition.ts";
import type { Request } from "./reconciler.ts";

/** The object itself is the request. */
export const enqueueRequestForObject: EventHandler<KubeObject> = (event, enqueue) =>
  enqueue(requestOf(event.object.metadata));

/** Which owners of an object are asked for. */
export interface OwnerOptions {
  /** Every owner reference of the kind counts, not only the managing controller's. Default false. */
  readonly everyOwner?: boolean;
}

/**
 * The owners of a kind are the requests: by group and kind, whatever the version. For updates the owners of both
 * states are asked, so that an object handed over wakes the one who lost it, too.
 */
export function enqueueRequestForOwner(owner: Resource, options: OwnerOptions = {}): EventHandler<KubeObject> {
  const map = (object: CachedObject): Iterable<Request> => ownersOf(object.metadata, owner, options);
  const handler: OwnerHandler = enqueueRequestsFromMapFunction(map);
  handler.ownerKind = owner;
  return handler;
}

/** A handler that tells which kind its owners are of, so that definitions can be checked. */
interface OwnerHandler extends EventHandler<KubeObject> {
  ownerKind?: Resource;
}

/** The kind whose objects a handler of `enqueueRequestForOwner` asks for; undefined for other handlers. */
export function ownerKindOf(handler: EventHandler<never>): Resource | undefined {
  return (handler as OwnerHandler).ownerKind;
}

/** What the function says of the object; of both states for updates. Each request is made once. */
export function enqueueRequestsFromMapFunction<W extends KubeObject>(map: MapFunction<W>): EventHandler<W>;
export function enqueueRequestsFromMapFunction<W extends KubeObject, R>(
  map: MapFunction<W, R>,
  keyOf: (request: R) => string,
): EventHandler<W, R>;
export function enqueueRequestsFromMapFunction<W extends KubeObject>(
  map: MapFunction<W>,
  keyOf: (request: Request) => string = requestKey,
): EventHandler<W> {
  return (event, enqueue, cache) => {
    const seen = new Set<string>();
    for (const object of states(event)) {
      for (const request of map(object, cache)) {
        const key = keyOf(request);
        if (seen.has(key)) continue;
        seen.add(key);
        enqueue(request);
      }
    }
  };
}

/** The string a request is known by in queues and ledgers: `namespace/name`, `cluster|namespace/name`. */
export function requestKey(request: Request): string {
  const key = objectKey(request);
  return request.cluster ? `${request.cluster}|${key}` : key;
}

/** The object within its cluster: `namespace/name`, or `name` where there are no namespaces. */
export function objectKey({ namespace, name }: Request): string {
  return namespace ? `${namespace}/${name}` : name;
}

function states<W extends KubeObject>(event: StoreEvent<W>): CachedObject<W>[] {
  return event.type === "updated" && !event.resync ? [event.object, event.old] : [event.object];
}

/** Names an object of the cache. */
export function requestOf(metadata: CachedMetadata): Request {
  return metadata.namespace ? { namespace: metadata.namespace, name: metadata.name } : { name: metadata.name };
}

function* ownersOf(metadata: CachedMetadata, owner: Resource, options: OwnerOptions): Iterable<Request> {
  for (const reference of metadata.ownerReferences) {
    if (reference.kind !== owner.kind || groupOf(reference.apiVersion) !== owner.group) continue;
    if (!options.everyOwner && reference.controller !== true) continue;
    const namespace = owner.scope === "Namespaced" ? metadata.namespace : undefined;
    yield namespace ? { namespace, name: reference.name } : { name: reference.name };
  }
}

/** Undefined for what is no apiVersion: such a reference names nobody. */
function groupOf(apiVersion: string): string | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return version === "" || version.includes("/") ? undefined : group;
}
