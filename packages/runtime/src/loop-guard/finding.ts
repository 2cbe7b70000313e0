import type { ObjectRef } from "./loop-guard.ts";

/** A field that does not come to rest, and who writes it. */
export interface FlippingField {
  readonly kind: string;
  readonly object: ObjectRef;
  readonly path: string;
  /** Field managers; the first is the controller's own unless the finding is `foreign`. */
  readonly writers: readonly string[];
}

/** What a loop guard has found about a key. */
export interface Finding {
  /** `self`: the controller calls itself; `fight`: two writers undo each other; `foreign`: another one keeps it busy. */
  readonly type: "self" | "fight" | "foreign";
  readonly key: string;
  /** Whether it is the first of this loop; later ones tell that the key was slowed further. */
  readonly first: boolean;
  readonly rounds: number;
  /** Milliseconds from the first of these rounds to the last. */
  readonly overMs: number;
  /** How long the key waits from now on, in milliseconds; 0: it is not slowed. */
  readonly delayMs: number;
  readonly fieldManager: string;
  readonly fields: readonly FlippingField[];
  /** Objects deleted and created again. */
  readonly churned: readonly { readonly kind: string; readonly object: ObjectRef }[];
  /** Objects written. */
  readonly written: readonly { readonly kind: string; readonly object: ObjectRef }[];
}

/** A finding in words: the object, the fields, who writes them, what is done about it, and the way out. No values. */
export function findingMessage(finding: Finding): string {
  const { type, rounds, overMs, delayMs, fieldManager } = finding;
  const pace = `${rounds} rounds in ${seconds(overMs)}`;
  const slowed = delayMs > 0 ? `; slowed to one pass every ${seconds(delayMs)}` : "";
  const fields = describeFields(finding.fields);
  if (type === "foreign") {
    const writer = finding.fields[0]?.writers[0] ?? "another writer";
    return `reconciled over and over because "${writer}" keeps writing ${fields || "its spec"} (${pace}); not slowed, as the controller does not answer by writing it back: find out what runs "${writer}"`;
  }
  if (type === "fight") {
    const other = finding.fields[0]?.writers[1] ?? "another writer";
    return `two writers undo each other: "${fieldManager}" (this controller) and "${other}" both write ${fields} (${pace}${slowed}): let one of them give the field up`;
  }
  if (finding.churned.length > 0) {
    return `the controller calls itself: "${fieldManager}" deletes and creates ${names(finding.churned)} again in every pass (${pace}${slowed}): apply the object instead of replacing it`;
  }
  return `the controller calls itself: "${fieldManager}" writes ${fields || names(finding.written)} in every pass (${pace}${slowed}): write only when the value follows from something that changed`;
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`);

const nameOf = ({ namespace, name }: ObjectRef): string => (namespace ? `${namespace}/${name}` : name);

const names = (objects: readonly { readonly kind: string; readonly object: ObjectRef }[]): string =>
  objects.map(({ kind, object }) => `${kind} ${nameOf(object)}`).join(", ");

function describeFields(fields: readonly FlippingField[]): string {
  const byObject = new Map<string, string[]>();
  for (const { kind, object, path } of fields) {
    const owner = `${kind} ${nameOf(object)}`;
    byObject.set(owner, [...(byObject.get(owner) ?? []), path]);
  }
  return [...byObject].map(([owner, paths]) => `${paths.join(", ")} of ${owner}`).join("; ");
}
