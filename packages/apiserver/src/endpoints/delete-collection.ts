import { isNotFound } from "@homeostat/api";
import { type DeleteOptions, deleteObject } from "../registry/delete.ts";
import type { Engine, WriteRequest } from "../registry/engine.ts";
import type { Page } from "./list.ts";

/** Deletes what a list found, one after the other; what is gone already is no error. */
export async function deleteCollection(
  engine: Engine,
  write: WriteRequest,
  page: Page,
  options: DeleteOptions,
): Promise<void> {
  for (const entry of page.entries) {
    const { namespace, name } = engine.store.attributes(write.served, entry);
    try {
      await deleteObject(engine, { ...write, namespace: namespace || undefined }, name, options);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
