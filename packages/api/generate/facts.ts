import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A field, a list's element or a map's value, as the facts describe it. */
export interface FieldFact {
  readonly type: string;
  readonly ref?: string;
  readonly items?: FieldFact;
  readonly enum?: readonly string[];
  readonly required?: boolean;
  readonly pointer?: boolean;
  readonly omitzero?: boolean;
}

export interface TypeFact {
  readonly type: string;
  readonly typeMeta?: boolean;
  readonly fields?: Readonly<Record<string, FieldFact>>;
}

export interface ResourceFact {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly subresource?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: Readonly<Record<string, unknown>>;
  readonly definition?: string;
  readonly listKind?: string;
}

export interface GroupFact {
  readonly group: string;
  readonly versions: readonly string[];
  readonly enabledByDefault: readonly string[];
}

export interface Facts {
  readonly kubernetesVersion: string;
  readonly definitions: Readonly<Record<string, TypeFact>>;
  readonly groups: readonly GroupFact[];
  readonly resources: readonly ResourceFact[];
}

/** Whether `directory` holds the facts at all. */
export function hasFacts(directory: string): boolean {
  return existsSync(join(directory, "types.json")) && existsSync(join(directory, "resources.json"));
}

/** Reads `types.json` and `resources.json` of `directory`. Throws when one is no JSON. */
export function readFacts(directory: string): Facts {
  const read = (name: string) => JSON.parse(readFileSync(join(directory, name), "utf8"));
  const types: Pick<Facts, "kubernetesVersion" | "definitions"> = read("types.json");
  const resources: Pick<Facts, "groups" | "resources"> = read("resources.json");
  return { ...types, groups: resources.groups, resources: resources.resources };
}
