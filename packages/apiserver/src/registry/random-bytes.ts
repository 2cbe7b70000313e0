import { randomBytes } from "node:crypto";

/**
 * The system's random bytes, fetched many at a time: asking the system costs the same for sixteen as for thousands, and
 * every request needs some. No byte is handed out twice.
 */
export function createRandomBytes(): (count: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array(0);
  return (count) => {
    if (count > pool.length) pool = randomBytes(Math.max(4096, count));
    const taken = pool.subarray(0, count);
    pool = pool.subarray(count);
    return taken;
  };
}
