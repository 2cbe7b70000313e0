import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@homeostat/api";
import { mutableMeta } from "./object.ts";

/** Drops owner references that stand there twice, and says so. Source: apiserver `dedupOwnerReferences`. */
export function dedupeOwnerReferences(object: JsonObject, warn: (text: string) => void): void {
  const meta = mutableMeta(object);
  const references = meta["ownerReferences"];
  if (!Array.isArray(references) || references.length < 2) return;
  const kept = references.filter(
    (reference, index) => references.findIndex((other) => isDeepStrictEqual(other, reference)) === index,
  );
  if (kept.length === references.length) return;
  meta["ownerReferences"] = kept;
  warn(".metadata.ownerReferences contains duplicate entries; the duplicates are removed: name each owner once");
}
