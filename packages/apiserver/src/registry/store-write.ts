import type { JsonObject } from "@homeostat/api";
import { type Entry, RevisionMismatchError } from "../storage/storage.ts";
import type { Engine, WriteRequest } from "./engine.ts";
import { copyOf, mutableMeta } from "./object.ts";
import type { ServedResource } from "./served-resource.ts";

/** Stores the new state over the old one. */
export async function replace(
  engine: Engine,
  request: Pick<WriteRequest, "served">,
  entry: Entry,
  object: JsonObject,
): Promise<{ object: JsonObject; entry: Entry }> {
  const stored = engine.catalog.storageOf(request.served);
  const toStore = stored === request.served ? object : await stored.convert(copyOf(object));
  const written = await storeOver(engine, request.served, entry, toStore);
  engine.store.written(request.served, written, toStore);
  mutableMeta(object)["resourceVersion"] = String(written.revision);
  return { object, entry: written };
}

async function storeOver(engine: Engine, served: ServedResource, entry: Entry, object: JsonObject): Promise<Entry> {
  try {
    return await engine.store.storage.update(entry.key, entry.revision, engine.store.encoder(object));
  } catch (error) {
    // What was handed out for this write goes back: the object holds what the winner of the race says.
    const current = error instanceof RevisionMismatchError ? error.current : undefined;
    if (current) served.strategy.allocator?.adopt(await engine.store.object(served, current));
    throw error;
  }
}

/** Takes the object out of the storage; watchers get its last state. */
export async function remove(
  engine: Engine,
  served: ServedResource,
  entry: Entry,
  last: JsonObject,
): Promise<JsonObject> {
  const stored = engine.catalog.storageOf(served);
  const toStore = stored === served ? last : await stored.convert(copyOf(last));
  const gone = await engine.store.storage.delete(entry.key, entry.revision, engine.store.encoder(toStore));
  engine.store.written(served, gone, toStore);
  served.strategy.allocator?.release(last);
  mutableMeta(last)["resourceVersion"] = String(gone.revision);
  return last;
}
