import { createHash } from "node:crypto";
import type { ConfigMap, Secret } from "@homeostat/api";

type Content = Pick<Secret, "data"> | Pick<ConfigMap, "data" | "binaryData">;

/**
 * Digest of what objects hold, by name; an absent one counts as such. The length stands before each part, so that no two
 * contents give the same digest.
 *
 * @returns 64 hexadecimal digits
 */
export function contentDigest(objects: readonly (readonly [name: string, object: Content | undefined])[]): string {
  const hash = createHash("sha256");
  const add = (text: string) => void hash.update(`${Buffer.byteLength(text)}:`).update(text);
  for (const [name, object] of objects) {
    add(name);
    const entries = object && Object.entries({ ...object.data, ...("binaryData" in object ? object.binaryData : {}) });
    add(entries === undefined ? "absent" : String(entries.length));
    for (const [key, value] of (entries ?? []).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      add(key);
      add(String(value));
    }
  }
  return hash.digest("hex");
}
