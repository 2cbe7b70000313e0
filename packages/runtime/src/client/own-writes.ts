import { groupResource, type NamespacedName, type Resource } from "@homeostat/api";
import { compareResourceVersions } from "../cache/resource-version.ts";
import type { CachedObject, Store } from "../cache/store.ts";

/**
 * What this client wrote and the cache may not have seen yet.
 *
 * A read that begins takes the writes that are under way for its key (a list: for its kind), waits for them, and then
 * for the cache to be as new as the newest of them. Writes never wait; reads do not wait for writes that begin later.
 *
 * Two versions of one resource may be compared as numbers (KEP-5504). A delete has no version to wait for, so its uid
 * is waited out of the cache.
 */
export interface OwnWrites {
  /** Call before a write is sent. `key` undefined: it may hit any object of the kind. */
  begin(resource: Resource, key: NamespacedName | undefined): WriteToken;
  /** What a read has to wait for; undefined where there is nothing. */
  pending(resource: Resource, read: ReadScope): PendingWrites | undefined;
  /** How many objects are remembered, over all kinds. */
  readonly remembered: number;
}

/** One object, by its key; or all of a kind, in one namespace or anywhere. */
export type ReadScope = { readonly key: NamespacedName } | { readonly namespace: string | undefined };

export interface WriteToken {
  /** The write succeeded with this version. */
  wrote(key: NamespacedName, resourceVersion: string | undefined): void;
  /** The object is gone, or soon will be without anybody's doing. */
  deleted(key: NamespacedName, uid: string | undefined): void;
  /** Call in any case. */
  end(): void;
}

export interface PendingWrites {
  /** Writes under way when the read began; settles when all have ended. */
  readonly inFlight: Promise<unknown> | undefined;
  /** Whether a store has seen all that ended. To be asked after `inFlight`, and again after each step of the store. */
  seenBy(store: Store): boolean;
}

/** What is known of one key's last write. */
interface Written {
  readonly key: NamespacedName;
  readonly resourceVersion: string | undefined;
  readonly deletedUid: string | undefined;
}

/** A write under way. */
interface InFlight {
  readonly ended: Promise<void>;
  /** What it turned out to have written, by key. */
  readonly results: Map<string, Written>;
}

interface KindWrites {
  readonly inFlight: Map<string, Set<InFlight>>;
  readonly written: Map<string, Written>;
  /** Number of remembered objects at which those nobody has to wait for are looked for. */
  sweepAt: number;
}

const firstSweep = 256;

/** Stands for all keys of a kind; no object can be called so. */
const anyKey = "*";

export const keyText = (key: NamespacedName): string => (key.namespace ? `${key.namespace}/${key.name}` : key.name);

/**
 * @param storeOf the store that holds an object of this key, if any does. A read that finds its write in the store
 *   forgets it; what is written and never read (events, objects with names of their own) is forgotten in sweeps, or a
 *   busy operator would grow for ever
 */
export function createOwnWrites(storeOf: (resource: Resource, key: NamespacedName) => Store | undefined): OwnWrites {
  const kinds = new Map<string, KindWrites>();
  const kindOf = (resource: Resource): KindWrites => {
    const id = groupResource(resource);
    let kind = kinds.get(id);
    if (!kind) kinds.set(id, (kind = { inFlight: new Map(), written: new Map(), sweepAt: firstSweep }));
    return kind;
  };
  const sweep = (resource: Resource, kind: KindWrites): void => {
    for (const [id, written] of kind.written) {
      const store = storeOf(resource, written.key);
      if (!store || isSeen(store, written.key, written)) kind.written.delete(id);
    }
    kind.sweepAt = Math.max(firstSweep, 2 * kind.written.size);
  };

  return {
    get remembered() {
      let count = 0;
      for (const { written } of kinds.values()) count += written.size;
      return count;
    },
    begin(resource, key) {
      const kind = kindOf(resource);
      const id = key ? keyText(key) : anyKey;
      let end!: () => void;
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      const tokens = kind.inFlight.get(id) ?? new Set();
      const token: InFlight = { ended, results: new Map() };
      kind.inFlight.set(id, tokens.add(token));
      const note = (at: NamespacedName, resourceVersion: string | undefined, deletedUid: string | undefined): void => {
        if (kind.written.size >= kind.sweepAt) sweep(resource, kind);
        const now: Written = { key: at, resourceVersion, deletedUid };
        for (const known of [token.results, kind.written]) known.set(keyText(at), newest(known.get(keyText(at)), now));
      };
      return {
        wrote(at, resourceVersion) {
          if (resourceVersion !== undefined) note(at, resourceVersion, undefined);
        },
        deleted(at, uid) {
          if (uid !== undefined) note(at, undefined, uid);
        },
        end() {
          tokens.delete(token);
          if (tokens.size === 0 && kind.inFlight.get(id) === tokens) kind.inFlight.delete(id);
          end();
        },
      };
    },

    pending(resource, read) {
      const kind = kinds.get(groupResource(resource));
      if (!kind || (kind.inFlight.size === 0 && kind.written.size === 0)) return undefined;
      const concerns = concern(read);
      const tokens = [...kind.inFlight].flatMap(([id, all]) => (concerns(id) ? [...all] : []));
      if (tokens.length === 0 && "key" in read && !kind.written.has(keyText(read.key))) return undefined;
      // What others write meanwhile was begun later than the read: it is not waited for.
      const before = ofScope(kind.written, read);
      return {
        inFlight: tokens.length === 0 ? undefined : Promise.all(tokens.map(({ ended }) => ended)),
        seenBy(store) {
          const wanted = [...before, ...tokens.flatMap(({ results }) => ofScope(results, read))];
          let all = true;
          for (const [id, written] of wanted) {
            // What the cache does not hold, such as another namespace, it will never see.
            const held = storeOf(resource, written.key) !== undefined;
            if (held && !isSeen(store, written.key, written)) all = false;
            else forget(kind, id, written);
          }
          return all;
        },
      };
    },
  };
}

/** Answers may overtake each other: the newest version counts. */
function newest(known: Written | undefined, now: Written): Written {
  const versions = [known?.resourceVersion, now.resourceVersion].filter((version) => version !== undefined);
  return {
    key: now.key,
    resourceVersion: versions.sort(compareResourceVersions).at(-1),
    deletedUid: now.deletedUid ?? known?.deletedUid,
  };
}

/** What was written of what is read. */
function ofScope(written: ReadonlyMap<string, Written>, read: ReadScope): (readonly [string, Written])[] {
  if ("key" in read) {
    const id = keyText(read.key);
    const one = written.get(id);
    return one === undefined ? [] : [[id, one]];
  }
  const concerns = concern(read);
  return [...written].filter(([id]) => concerns(id));
}

/** Whether a key, as text, is among what is read. */
function concern(read: ReadScope): (id: string) => boolean {
  if ("key" in read) {
    const wanted = keyText(read.key);
    return (id) => id === wanted || id === anyKey;
  }
  if (!read.namespace) return () => true;
  const prefix = `${read.namespace}/`;
  return (id) => id.startsWith(prefix) || id === anyKey;
}

/** Forgets what was seen, unless more was written meanwhile. */
function forget(kind: KindWrites, id: string, seen: Written): void {
  const now = kind.written.get(id);
  if (now && now.resourceVersion === seen.resourceVersion && now.deletedUid === seen.deletedUid)
    kind.written.delete(id);
}

function isSeen(store: Store, key: NamespacedName, written: Written): boolean {
  const cached: CachedObject | undefined = store.peek(key);
  if (written.deletedUid !== undefined && cached?.metadata.uid === written.deletedUid) return false;
  if (written.resourceVersion === undefined) return true;
  const atLeast = (version: string | undefined): boolean =>
    version !== undefined && compareResourceVersions(version, written.resourceVersion!) >= 0;
  // The whole view counts as well: the object may be gone again, or not be selected.
  return atLeast(cached?.metadata.resourceVersion) || atLeast(store.resourceVersion);
}
