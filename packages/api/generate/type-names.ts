import type { Facts } from "./facts.ts";

const metaV1 = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** Types of meta/v1 that are written by hand, and the file that has them (beside `groups/`). */
const handWritten: Readonly<Record<string, string>> = {
  ObjectMeta: "object",
  ListMeta: "object",
  OwnerReference: "object",
  ManagedFieldsEntry: "object",
  Status: "status",
  StatusDetails: "status",
  StatusCause: "status",
  Condition: "conditions",
  LabelSelector: "label-selector",
  LabelSelectorRequirement: "label-selector",
};

/** Types of meta/v1 that nothing persisted refers to, but that travel over the API. */
export const metaRoots: readonly string[] = [
  "APIGroup",
  "APIGroupList",
  "APIResource",
  "APIResourceList",
  "APIVersions",
  "CreateOptions",
  "DeleteOptions",
  "GetOptions",
  "ListOptions",
  "PartialObjectMetadata",
  "PatchOptions",
  "Table",
  "UpdateOptions",
].map((name) => `${metaV1}.${name}`);

/** Where a definition's TypeScript type lives. */
export interface TypePlace {
  /** File name without folder and ending. */
  readonly module: string;
  readonly name: string;
  readonly handWritten: boolean;
}

/** `io.k8s.api.apps.v1` + `Deployment`. */
function split(definition: string): { prefix: string; name: string } {
  const dot = definition.lastIndexOf(".");
  return { prefix: definition.slice(0, dot), name: definition.slice(dot + 1) };
}

/** `networking.k8s.io`, `v1` → `networking-v1`; the core group → `core-v1`. */
export function moduleName(group: string, version: string): string {
  return `${(group || "core").split(".")[0]}-${version}`;
}

/** `core-v1` → `CoreV1`: what goes before a name that another group has already. */
export function aliasPrefix(module: string): string {
  return module.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

/**
 * Tells the place of every definition. Names of definitions follow Go packages (`io.k8s.api.rbac.v1`), which are not
 * group names (`rbac.authorization.k8s.io`); both shorten to the same first word except for the packages named here.
 */
export function placeOf(definition: string): TypePlace {
  const { prefix, name } = split(definition);
  if (prefix === metaV1) {
    const module = handWritten[name];
    return module ? { module, name, handWritten: true } : { module: "meta-v1", name, handWritten: false };
  }
  const [version = "", pack = ""] = prefix.split(".").reverse();
  return { module: `${pack}-${version}`, name, handWritten: false };
}

/** Throws where two definitions of one module would share a name. */
export function checkUnique(definitions: Iterable<string>, facts: Facts): void {
  const seen = new Map<string, string>();
  for (const definition of definitions) {
    if (facts.definitions[definition]?.type !== "object") continue;
    const { module, name } = placeOf(definition);
    const key = `${module}.${name}`;
    const other = seen.get(key);
    if (other !== undefined)
      throw new Error(`${other} and ${definition} would both be ${key}: name one of them otherwise`);
    seen.set(key, definition);
  }
}
