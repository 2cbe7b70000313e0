import type { JsonObject } from "@homeostat/api";

/** The fields of a Thing that somebody sets: path → value. A set's member and a list's item have the value `there`. */
export type Fields = ReadonlyMap<string, string>;

/** Who wants to own what, and with which other value. */
export interface ModelConflict {
  readonly field: string;
  readonly manager: string;
}

const there = "there";

/** What server-side apply does, in few lines: fields have values and owners, and nothing nests. */
export class ApplyModel {
  #values = new Map<string, string>();
  /** `manager operation` → paths. */
  readonly #owned = new Map<string, Set<string>>();

  values(): Fields {
    return new Map([...this.#values].sort());
  }

  /** @returns those without fields are left out */
  owners(): Readonly<Record<string, readonly string[]>> {
    const owning = [...this.#owned].filter(([, paths]) => paths.size > 0);
    return Object.fromEntries(owning.sort().map(([owner, paths]) => [owner, [...paths].sort()]));
  }

  conflicts(manager: string, config: Fields): readonly ModelConflict[] {
    const self = `${manager} Apply`;
    return [...config].flatMap(([field, value]) => {
      if (!this.#values.has(field) || this.#values.get(field) === value) return [];
      return this.#ownersOf(field)
        .filter((owner) => owner !== self)
        .map((owner) => ({ field, manager: owner.split(" ")[0]! }));
    });
  }

  /** By force, or without conflicts. */
  apply(manager: string, config: Fields): void {
    const self = `${manager} Apply`;
    for (const { field } of this.conflicts(manager, config))
      for (const owner of this.#ownersOf(field)) if (owner !== self) this.#owned.get(owner)!.delete(field);
    const former = this.#owned.get(self) ?? new Set();
    this.#owned.set(self, new Set(config.keys()));
    for (const [field, value] of config) this.#values.set(field, value);
    for (const field of former) if (this.#ownersOf(field).length === 0) this.#values.delete(field);
  }

  /** A write that is no apply. @param changes value, or undefined for a field that goes */
  update(manager: string, changes: ReadonlyMap<string, string | undefined>): void {
    const self = `${manager} Update`;
    for (const [field, value] of changes) {
      if (this.#values.get(field) === value) continue;
      for (const paths of this.#owned.values()) paths.delete(field);
      if (value === undefined) this.#values.delete(field);
      else {
        this.#values.set(field, value);
        this.#owned.set(self, (this.#owned.get(self) ?? new Set()).add(field));
      }
    }
  }

  #ownersOf(field: string): string[] {
    return [...this.#owned].filter(([, paths]) => paths.has(field)).map(([owner]) => owner);
  }
}

/** `spec.c.d`, `spec.tags[x]`, `spec.items[x]`, `spec.items[x].value`, `metadata.labels.x`, `spec.whole` as an object. */
export function objectOf(fields: Fields): { metadata: JsonObject; spec?: JsonObject } {
  const labels: Record<string, string> = {};
  const spec: Record<string, unknown> = {};
  const items = new Map<string, { name: string; value?: string }>();
  const tags: string[] = [];
  for (const [path, value] of fields) {
    const [, list, key, leaf] = /^spec\.(tags|items)\[(\w+)\](\.value)?$/.exec(path) ?? [];
    if (list === "tags") tags.push(key!);
    else if (list === "items")
      items.set(key!, { name: key!, ...items.get(key!), ...(leaf === undefined ? {} : { value }) });
    else if (path.startsWith("metadata.labels.")) labels[path.slice("metadata.labels.".length)] = value;
    else if (path === "spec.whole") spec["whole"] = JSON.parse(value);
    else if (path.startsWith("spec.c."))
      spec["c"] = { ...(spec["c"] as object), [path.slice("spec.c.".length)]: value };
    else spec[path.slice("spec.".length)] = value;
  }
  if (tags.length > 0) spec["tags"] = tags;
  if (items.size > 0) spec["items"] = [...items.values()];
  return {
    metadata: Object.keys(labels).length === 0 ? {} : { labels },
    ...(Object.keys(spec).length === 0 ? {} : { spec: spec as JsonObject }),
  };
}

/** The inverse: what an object says, by path. */
// biome-ignore lint/suspicious/noExplicitAny: an object as the server answers it
export function fieldsOf({ metadata, spec = {} }: any): Fields {
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) fields.set(`metadata.labels.${key}`, String(value));
  for (const name of ["a", "b", "keep"]) if (spec[name] !== undefined) fields.set(`spec.${name}`, spec[name]);
  for (const [key, value] of Object.entries(spec.c ?? {})) fields.set(`spec.c.${key}`, String(value));
  if (spec.whole !== undefined) fields.set("spec.whole", JSON.stringify(spec.whole));
  for (const tag of spec.tags ?? []) fields.set(`spec.tags[${tag}]`, there);
  for (const { name, value } of spec.items ?? []) {
    fields.set(`spec.items[${name}]`, there);
    if (value !== undefined) fields.set(`spec.items[${name}].value`, value);
  }
  return new Map([...fields].sort());
}

/** Who owns which of these paths, from `metadata.managedFields`. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function ownersOf({ metadata }: any): Readonly<Record<string, readonly string[]>> {
  const owners: [string, string[]][] = [];
  for (const { manager, operation, fieldsV1 } of metadata.managedFields ?? []) {
    const paths: string[] = [];
    walk(fieldsV1, "", paths);
    if (paths.length > 0) owners.push([`${manager} ${operation}`, paths.sort()]);
  }
  return Object.fromEntries(owners.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Who added the first field of these owns them as well, which says nothing about fields. */
const holders: ReadonlySet<string> = new Set(["metadata.labels", "spec", "spec.c", "spec.tags", "spec.items"]);

/** Collects leaves; of a list's item, itself and its value, for its key is no field of its own. */
function walk(node: JsonObject, path: string, paths: string[]): void {
  const children = Object.entries(node) as [string, JsonObject][];
  if (children.length === 0 && !holders.has(path)) paths.push(path);
  for (const [element, child] of children) {
    const key = /^k:\{"name":"(\w+)"\}$/.exec(element)?.[1];
    if (element === "." && path.endsWith("]")) paths.push(path);
    if (element === "." || (element === "f:name" && path.endsWith("]"))) continue;
    if (key !== undefined) walk(child, `${path}[${key}]`, paths);
    else if (element.startsWith("v:")) walk(child, `${path}[${JSON.parse(element.slice(2))}]`, paths);
    else walk(child, path === "" ? element.slice(2) : `${path}.${element.slice(2)}`, paths);
  }
}

/** How a conflict's field is written in an answer: `.spec.items[name="x"].value`. */
export const pathInAnswer = (field: string): string =>
  `.${field.replace(/^spec\.items\[(\w+)\]/, 'spec.items[name="$1"]')}`;
