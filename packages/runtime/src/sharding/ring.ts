/**
 * Who owns a key among some members, by rendezvous hashing: when a member comes or goes, only the keys that it gets or
 * had move. Keys are put into a fixed number of buckets first, so that asking costs one hash and one look-up.
 */
export interface Ring {
  /** The same text for the same members, whoever computes it. */
  readonly id: string;
  readonly members: readonly string[];
  /** Undefined: there are no members. */
  ownerOf(key: string): string | undefined;
}

/** Enough that shares of a few dozen members differ little, few enough to compute in no time. */
const BUCKETS = 4096;

export function createRing(members: Iterable<string>): Ring {
  const sorted = [...new Set(members)].sort();
  const hashes = sorted.map((member) => hash(member));
  // Found when first asked for: rings are made to be compared, at every renewal of every member, and mostly thrown away.
  let owners: Int32Array | undefined;
  const ownerOfBucket = (bucket: number): number => {
    owners ??= new Int32Array(BUCKETS).fill(-1);
    if (owners[bucket]! < 0) owners[bucket] = heaviest(hashes, bucket);
    return owners[bucket]!;
  };
  return {
    id: hex(sorted.reduce((sum, member) => hash(member, sum), 0x811c9dc5)) + hex(hash(sorted.join("\n"))),
    members: sorted,
    ownerOf: (key) => sorted[ownerOfBucket(hash(key) % BUCKETS)],
  };
}

function heaviest(members: readonly number[], bucket: number): number {
  let best = 0;
  let weight = -1;
  for (let index = 0; index < members.length; index++) {
    const its = mix(members[index]! ^ mix(bucket + 1));
    if (its > weight) [best, weight] = [index, its];
  }
  return best;
}

/** FNV-1a over UTF-16 code units, with a final mix that spreads similar keys. */
function hash(text: string, seed = 0x811c9dc5): number {
  let value = seed;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return mix(value);
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the output's. */
function mix(input: number): number {
  let value = input;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");
