import type { HistoryOptions } from "./history.ts";
import { StorageState } from "./state.ts";
import type { Entry, Storage } from "./storage.ts";
import { planWrite, type Write } from "./write.ts";

export type MemoryStorageOptions = HistoryOptions;

/** A storage that lives as long as the process. Writes take effect, and reach watchers, in the turn of the call. */
export function createMemoryStorage(options: MemoryStorageOptions): Storage {
  const state = new StorageState(options);
  let closed = false;

  const commit = (write: Write): Entry => {
    if (closed) throw new Error(`cannot ${write.type} key ${write.key}: the storage is closed`);
    const event = planWrite(write, state.get(write.key), state.revision + 1);
    state.apply(event);
    return event.entry;
  };

  return {
    revision: () => state.revision,
    get: async (key) => state.get(key),
    list: async (prefix, listOptions) => state.list(prefix, listOptions),
    create: async (key, encode) => commit({ type: "create", key, encode }),
    update: async (key, expected, encode) => commit({ type: "update", key, expected, encode }),
    delete: async (key, expected, encode) => commit({ type: "delete", key, expected, encode }),
    watch: (prefix, after, sink) => state.watch(prefix, after, sink),
    compact: (revision) => state.compact(revision),
    async close() {
      closed = true;
      state.endWatches();
    },
  };
}
