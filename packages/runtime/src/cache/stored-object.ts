import type { KubeObject, OwnerReference, Stored } from "@homeostat/api";
import { changedPaths } from "../ledger/changed-paths.ts";
import type { ObjectSpans } from "./object-scanner.ts";
import { isOpenBrace, keyIs, readString, readValue, scanMembers, skipValue } from "./scanner.ts";
import type { Slab, SlabHolder, Slabs } from "./slabs.ts";
import type { CachedMetadata, CachedObject } from "./store.ts";

const pathCap = 8;

/** What is kept of the object before: strings that did not change are not held twice. */
export interface SharedStrings {
  readonly key: string;
  readonly name: string;
  readonly namespace: string | undefined;
}

/**
 * One version of an object: its bytes in a block, what every event needs as values, and where the rest of its metadata
 * lies. A new version is a new instance, so whoever holds this one can go on reading it.
 *
 * It is its own metadata: one instance for each object matters where there are a hundred thousand.
 */
export class StoredObject<T extends KubeObject = KubeObject> implements CachedObject<T>, CachedMetadata, SlabHolder {
  slab!: Slab;
  offset!: number;
  readonly length: number;
  readonly key: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  readonly deletionTimestamp: string | undefined;
  readonly writer: string | undefined;
  readonly statusWriter: string | undefined;
  // Spans relative to `offset`; -1 where absent.
  readonly #versionStart: number;
  readonly #versionEnd: number;
  readonly #labelsStart: number;
  readonly #labelsEnd: number;
  readonly #annotationsStart: number;
  readonly #annotationsEnd: number;
  readonly #ownersStart: number;
  readonly #ownersEnd: number;
  readonly #finalizersStart: number;
  readonly #finalizersEnd: number;

  /**
   * Copies the object's bytes, without its managedFields.
   *
   * @param insert what to put after the opening brace: members the object lacks, with their commas
   */
  constructor(bytes: Buffer, spans: ObjectSpans, insert: Buffer | undefined, shared: SharedStrings, slabs: Slabs) {
    const { start, end, cutStart, cutEnd } = spans;
    const cut = cutStart < 0 ? 0 : cutEnd - cutStart;
    const shift = insert ? insert.length : 0;
    this.length = end - start - cut + shift;
    slabs.allocate(this.length, this);
    copy(this.slab.buffer, this.offset, bytes, spans, insert);

    this.key = shared.key;
    this.name = shared.name;
    this.namespace = shared.namespace;
    this.uid = spans.uidStart < 0 ? "" : readString(bytes, spans.uidStart, spans.uidEnd);
    this.resourceVersion =
      spans.resourceVersionStart < 0 ? "" : readString(bytes, spans.resourceVersionStart, spans.resourceVersionEnd);
    this.generation = spans.generation < 0 ? undefined : spans.generation;
    this.deletionTimestamp =
      spans.deletionTimestampStart < 0
        ? undefined
        : readString(bytes, spans.deletionTimestampStart, spans.deletionTimestampEnd);
    this.writer = spans.writerStart < 0 ? undefined : readString(bytes, spans.writerStart, spans.writerEnd);
    this.statusWriter =
      spans.statusWriterStart < 0 ? undefined : readString(bytes, spans.statusWriterStart, spans.statusWriterEnd);

    // All that comes before the cut moves by the insertion, what comes after it also by the cut.
    const before = shift - start;
    const after = before - cut;
    const move = (position: number): number =>
      position < 0 ? -1 : position + (cut > 0 && position >= cutEnd ? after : before);
    this.#versionStart = move(spans.resourceVersionStart);
    this.#versionEnd = move(spans.resourceVersionEnd);
    this.#labelsStart = move(spans.labelsStart);
    this.#labelsEnd = move(spans.labelsEnd);
    this.#annotationsStart = move(spans.annotationsStart);
    this.#annotationsEnd = move(spans.annotationsEnd);
    this.#ownersStart = move(spans.ownerReferencesStart);
    this.#ownersEnd = move(spans.ownerReferencesEnd);
    this.#finalizersStart = move(spans.finalizersStart);
    this.#finalizersEnd = move(spans.finalizersEnd);
  }

  get metadata(): CachedMetadata {
    return this;
  }

  get labels(): Readonly<Record<string, string>> {
    return (this.#read(this.#labelsStart, this.#labelsEnd) as Record<string, string> | undefined) ?? {};
  }

  get annotations(): Readonly<Record<string, string>> {
    return (this.#read(this.#annotationsStart, this.#annotationsEnd) as Record<string, string> | undefined) ?? {};
  }

  get ownerReferences(): readonly OwnerReference[] {
    return (this.#read(this.#ownersStart, this.#ownersEnd) as OwnerReference[] | undefined) ?? [];
  }

  get finalizers(): readonly string[] {
    return (this.#read(this.#finalizersStart, this.#finalizersEnd) as string[] | undefined) ?? [];
  }

  object(): Stored<T> {
    return readValue(this.slab.buffer, this.offset, this.offset + this.length) as Stored<T>;
  }

  field(path: readonly string[]): unknown {
    const { buffer } = this.slab;
    let at = this.offset;
    const end = this.offset + this.length;
    for (const name of path) {
      if (!isOpenBrace(buffer, at)) return undefined;
      let found = -1;
      // A negative answer stops the visit.
      scanMembers(buffer, at, end, (keyStart, keyEnd, value) => {
        if (!keyIs(buffer, keyStart, keyEnd, name)) return skipValue(buffer, value, end);
        found = value;
        return -1;
      });
      if (found < 0) return undefined;
      at = found;
    }
    return readValue(buffer, at, skipValue(buffer, at, end));
  }

  changedPaths(old: CachedObject<T>): readonly string[] {
    if (!(old instanceof StoredObject)) return changedPaths(old.object(), this.object(), pathCap);
    if (this.sameContent(old)) return [];
    // Most of an object is usually untouched: only top-level fields whose bytes differ are parsed.
    const [before, after] = differing(topLevel(old), topLevel(this));
    return changedPaths(before, after, pathCap);
  }

  sameContent(old: CachedObject<T>): boolean {
    if (!(old instanceof StoredObject)) return this.changedPaths(old).length === 0;
    const head = this.#versionStart;
    const tail = this.length - this.#versionEnd;
    if (head !== old.#versionStart || tail !== old.length - old.#versionEnd || head < 0) return false;
    const a = this.slab.buffer;
    const b = old.slab.buffer;
    return (
      a.compare(b, old.offset, old.offset + head, this.offset, this.offset + head) === 0 &&
      a.compare(
        b,
        old.offset + old.#versionEnd,
        old.offset + old.length,
        this.offset + this.#versionEnd,
        this.offset + this.length,
      ) === 0
    );
  }

  /** Whether the owner references are written the same: then no index over them changes. */
  sameOwners(old: StoredObject<T>): boolean {
    return this.#sameSpan(this.#ownersStart, this.#ownersEnd, old, old.#ownersStart, old.#ownersEnd);
  }

  /** The same of the labels. */
  sameLabels(old: StoredObject<T>): boolean {
    return this.#sameSpan(this.#labelsStart, this.#labelsEnd, old, old.#labelsStart, old.#labelsEnd);
  }

  get hasOwners(): boolean {
    return this.#ownersStart >= 0;
  }

  #sameSpan(start: number, end: number, old: StoredObject<T>, oldStart: number, oldEnd: number): boolean {
    if (start < 0 || oldStart < 0) return start === oldStart;
    const { buffer } = this.slab;
    const { buffer: before } = old.slab;
    const [from, to] = [old.offset + oldStart, old.offset + oldEnd];
    return end - start === to - from && buffer.compare(before, from, to, this.offset + start, this.offset + end) === 0;
  }

  #read(start: number, end: number): unknown {
    return start < 0 ? undefined : readValue(this.slab.buffer, this.offset + start, this.offset + end);
  }
}

function copy(
  to: Buffer,
  at: number,
  from: Buffer,
  { start, end, cutStart, cutEnd }: ObjectSpans,
  insert: Buffer | undefined,
): void {
  let source = start;
  let target = at;
  if (insert) {
    to[target++] = from[source++]!;
    target += insert.copy(to, target);
  }
  if (cutStart >= 0) {
    target += from.copy(to, target, source, cutStart);
    source = cutEnd;
  }
  from.copy(to, target, source, end);
}

type Fields = Map<string, { readonly bytes: Buffer; readonly start: number; readonly end: number }>;

function topLevel(object: SlabHolder): Fields {
  const { buffer } = object.slab;
  const end = object.offset + object.length;
  const fields: Fields = new Map();
  if (!isOpenBrace(buffer, object.offset)) return fields;
  scanMembers(buffer, object.offset, end, (keyStart, keyEnd, value) => {
    const valueEnd = skipValue(buffer, value, end);
    fields.set(readString(buffer, keyStart, keyEnd), { bytes: buffer, start: value, end: valueEnd });
    return valueEnd;
  });
  return fields;
}

/** The two objects, reduced to the fields whose bytes differ. */
function differing(before: Fields, after: Fields): [Record<string, unknown>, Record<string, unknown>] {
  const reduced: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const a = before.get(name);
    const b = after.get(name);
    if (a && b && a.bytes.compare(b.bytes, b.start, b.end, a.start, a.end) === 0) continue;
    if (a) reduced[0][name] = readValue(a.bytes, a.start, a.end);
    if (b) reduced[1][name] = readValue(b.bytes, b.start, b.end);
  }
  return reduced;
}
