import type { Clock } from "@homeostat/api";
import { RevisionMismatchError, type Storage } from "../storage/storage.ts";
import { encodeObject, parseEntry } from "./object-store.ts";

/**
 * Lets Events live for a while after their last write and deletes them then, as etcd's leases do for a real server.
 * One timer for all: events are kept in the order of their last write, which is the order in which they end.
 *
 * @returns how to stop
 */
export function expireEvents(storage: Storage, prefix: string, ttlMs: number, clock: Clock): () => void {
  const writtenAt = new Map<string, number>();
  let cancel: (() => void) | undefined;
  let stopped = false;

  const note = (key: string): void => {
    writtenAt.delete(key);
    writtenAt.set(key, clock.now());
    arm();
  };
  const arm = (): void => {
    const first = writtenAt.values().next();
    if (cancel || stopped || first.done) return;
    cancel = clock.setTimer(() => void sweep(), Math.max(0, first.value + ttlMs - clock.now()), { keepAlive: false });
  };
  const sweep = async (): Promise<void> => {
    cancel = undefined;
    const due = clock.now() - ttlMs;
    for (const [key, at] of writtenAt) {
      if (at > due) break;
      writtenAt.delete(key);
      await remove(storage, key);
    }
    arm();
  };

  const unsubscribe = storage.watch(prefix, storage.revision(), (event) => {
    if (event.type === "delete") writtenAt.delete(event.entry.key);
    else note(event.entry.key);
  });
  // Events of an earlier run begin their time anew: when they were written is not kept.
  void storage.list(prefix).then(({ entries }) => {
    for (const { key } of entries) if (!writtenAt.has(key)) note(key);
  });

  return () => {
    stopped = true;
    unsubscribe();
    cancel?.();
  };
}

async function remove(storage: Storage, key: string): Promise<void> {
  const entry = await storage.get(key);
  if (!entry) return;
  const last = parseEntry(entry);
  try {
    await storage.delete(key, entry.revision, (revision) =>
      encodeObject({ ...last, metadata: { ...(last["metadata"] as object), resourceVersion: String(revision) } }),
    );
  } catch (error) {
    // Written again meanwhile: its time begins anew.
    if (!(error instanceof RevisionMismatchError)) throw error;
  }
}
