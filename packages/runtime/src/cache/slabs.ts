/**
 * Bytes of objects, off the heap, in blocks that are only ever appended to: whoever holds a span may read it as long
 * as it likes, since nothing is written over. What is released is counted; a full block of which more than half is
 * released has its living spans copied on and is left to the garbage collector.
 *
 * Copying a block is at most a block of bytes, so no pause is longer than that.
 */
export interface Slabs {
  /** Room for `length` bytes, now the holder's: `holder.slab` and `holder.offset` are set, and again when it is moved. */
  allocate(length: number, holder: SlabHolder): void;
  /** The holder's bytes are no longer wanted here; it may still be read. */
  release(holder: SlabHolder): void;
  /** Bytes in living spans. */
  readonly liveBytes: number;
  /** Bytes of all blocks that are still counted. */
  readonly heldBytes: number;
}

export interface SlabHolder {
  slab: Slab;
  offset: number;
  readonly length: number;
}

export interface Slab {
  readonly buffer: Buffer;
  used: number;
  live: number;
  /** Whose spans live in it. */
  holders: Set<SlabHolder>;
}

export interface SlabsOptions {
  /** Size of a block in bytes. The first are smaller, so that a kind with few objects costs little. Default 1048576. */
  readonly slabBytes?: number;
}

const firstSlabBytes = 32 * 1024;

export function createSlabs({ slabBytes = 1_048_576 }: SlabsOptions = {}): Slabs {
  let nextBytes = Math.min(firstSlabBytes, slabBytes);
  let current: Slab | undefined;
  let liveBytes = 0;
  let heldBytes = 0;

  const open = (bytes: number): Slab => {
    heldBytes += bytes;
    return { buffer: Buffer.allocUnsafeSlow(bytes), used: 0, live: 0, holders: new Set() };
  };

  const place = (length: number, holder: SlabHolder): void => {
    let slab = current;
    let full: Slab | undefined;
    if (!slab || slab.used + length > slab.buffer.length) {
      // What takes a large part of a block gets one of its own: it would waste the rest of the current one.
      if (length > nextBytes / 4) slab = open(length);
      else {
        full = current;
        slab = current = open(nextBytes);
      }
      nextBytes = Math.min(nextBytes * 2, slabBytes);
    }
    holder.slab = slab;
    holder.offset = slab.used;
    slab.used += length;
    slab.live += length;
    slab.holders.add(holder);
    if (full) retire(full);
  };

  /** Moves what lives in a full block where that is worth it. */
  const retire = (slab: Slab): void => {
    if (slab === current || slab.live > slab.used / 2) return;
    heldBytes -= slab.buffer.length;
    const living = slab.holders;
    slab.holders = new Set();
    for (const holder of living) {
      const from = holder.offset;
      place(holder.length, holder);
      slab.buffer.copy(holder.slab.buffer, holder.offset, from, from + holder.length);
    }
    slab.live = 0;
    // Nothing may be counted against it again.
    slab.used = 0;
  };

  return {
    allocate(length, holder) {
      liveBytes += length;
      place(length, holder);
    },
    release(holder) {
      const { slab } = holder;
      if (!slab.holders.delete(holder)) return;
      slab.live -= holder.length;
      liveBytes -= holder.length;
      retire(slab);
    },
    get liveBytes() {
      return liveBytes;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}
