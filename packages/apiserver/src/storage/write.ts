import { type Encode, type Entry, KeyExistsError, RevisionMismatchError, type StorageEvent } from "./storage.ts";

/** A write as it was asked for. */
export type Write =
  | { readonly type: "create"; readonly key: string; readonly encode: Encode }
  | { readonly type: "update" | "delete"; readonly key: string; readonly expected: number; readonly encode: Encode };

/**
 * Checks a write against what is there and gives the event it makes. Changes nothing.
 * @throws KeyExistsError, RevisionMismatchError, and whatever `encode` throws
 */
export function planWrite(write: Write, current: Entry | undefined, revision: number): StorageEvent {
  if (write.type === "create") {
    if (current) throw new KeyExistsError(current);
    return { type: "put", entry: { key: write.key, revision, value: write.encode(revision) }, previous: undefined };
  }
  if (!current || current.revision !== write.expected) {
    throw new RevisionMismatchError(write.key, write.expected, current);
  }
  const entry: Entry = { key: write.key, revision, value: write.encode(revision) };
  return { type: write.type === "delete" ? "delete" : "put", entry, previous: current };
}
