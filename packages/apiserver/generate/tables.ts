import type { BuiltinResource, BuiltinSubresource } from "../src/schema/builtin-resource.ts";
import type { KindTable, PackageTable, TableDefinition, TableField } from "../src/schema/builtin-table.ts";

/**
 * From the facts about Kubernetes' API types to the tables the server carries. Pure: what is read and where the result
 * goes is the caller's business, so that tests can build the tables of every version there is.
 */

/** One field as `types.json` has it. */
interface FactField extends TableField {
  readonly items?: FactField;
  readonly protoType?: string;
  readonly protoName?: string;
}

/** One definition as `types.json` has it. */
interface FactDefinition {
  readonly type: string;
  readonly gvk?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
  readonly everyGroupVersion?: boolean;
  readonly mapType?: string;
  readonly structType?: string;
  readonly typeMeta?: boolean;
  readonly openapiType?: string;
  readonly format?: string;
  readonly wire?: Readonly<Record<string, { readonly ref?: string }>>;
  readonly inline?: Readonly<Record<string, { readonly proto: number; readonly ref: string }>>;
  readonly fields?: Readonly<Record<string, FactField>>;
}

export interface TypeFacts {
  readonly kubernetesVersion: string;
  readonly definitions: Readonly<Record<string, FactDefinition>>;
}

interface FactResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource?: string;
  readonly singular?: string;
  readonly kind: string;
  readonly kindGroup?: string;
  readonly kindVersion?: string;
  readonly listKind?: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly connect?: boolean;
  readonly definition: string;
  readonly listDefinition?: string;
}

export interface ResourceFacts {
  readonly groups: readonly {
    readonly group: string;
    readonly versions: readonly string[];
    readonly enabledByDefault: readonly string[];
  }[];
  readonly resources: readonly FactResource[];
}

/** The package of a definition: what its name is without the last part. */
export const packageOf = (definition: string): string => definition.slice(0, definition.lastIndexOf("."));

/** Group versions a default server serves: the stable ones, in the order of discovery. */
export function servedGroupVersions(facts: ResourceFacts): string[] {
  return facts.groups.flatMap(({ group, enabledByDefault }) =>
    enabledByDefault.map((version) => (group === "" ? version : `${group}/${version}`)),
  );
}

const groupVersion = (group: string, version: string): string => (group === "" ? version : `${group}/${version}`);

/** The resources of the given group versions, each with its subresources, in the order of discovery. */
export function resourceTable(facts: ResourceFacts, served: readonly string[]): BuiltinResource[] {
  const rows = facts.resources.filter(
    (row) => row.subresource === undefined && served.includes(groupVersion(row.group, row.version)),
  );
  rows.sort(
    (a, b) => served.indexOf(groupVersion(a.group, a.version)) - served.indexOf(groupVersion(b.group, b.version)),
  );
  return rows.map((row) => ({
    group: row.group,
    version: row.version,
    plural: row.plural,
    singular: row.singular ?? row.kind.toLowerCase(),
    kind: row.kind,
    listKind: row.listKind ?? "",
    namespaced: row.namespaced,
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    verbs: row.verbs,
    subresources: facts.resources
      .filter(
        (sub) =>
          sub.subresource !== undefined &&
          sub.group === row.group &&
          sub.version === row.version &&
          sub.plural === row.plural,
      )
      .map(subresource),
    definition: row.definition,
    ...(row.listDefinition ? { listDefinition: row.listDefinition } : {}),
  }));
}

function subresource(row: FactResource): BuiltinSubresource {
  return {
    name: row.subresource!,
    group: row.kindGroup ?? row.group,
    version: row.kindVersion ?? row.version,
    kind: row.kind,
    verbs: row.verbs,
    definition: row.definition,
    ...(row.connect ? { connect: true } : {}),
  };
}

/** Which definition a kind has, per group version, and the kinds every group version has (options, WatchEvent). */
export function kindTable(facts: TypeFacts, served: readonly string[]): KindTable {
  const kinds: Record<string, Record<string, string>> = {};
  const everywhere: Record<string, string> = {};
  for (const [name, definition] of Object.entries(facts.definitions)) {
    for (const { group, version, kind } of definition.gvk ?? []) {
      if (definition.everyGroupVersion) everywhere[kind] = name;
      else if (served.includes(groupVersion(group, version))) (kinds[groupVersion(group, version)] ??= {})[kind] = name;
    }
  }
  return { kinds, everywhere };
}

/** Every definition that `roots` reach, in tables by package. */
export function packageTables(facts: TypeFacts, roots: Iterable<string>): Map<string, PackageTable> {
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    const definition = facts.definitions[name];
    if (!definition) throw new Error(`definition ${name} is referred to but not in the facts`);
    reached.add(name);
    for (const field of Object.values(definition.fields ?? {})) visitField(field);
    for (const wire of Object.values(definition.wire ?? {})) if (wire.ref) visit(wire.ref);
  };
  const visitField = (field: FactField): void => {
    if (field.ref) visit(field.ref);
    if (field.items) visitField(field.items);
  };
  for (const root of roots) visit(root);
  const tables = new Map<string, Record<string, TableDefinition>>();
  for (const name of [...reached].sort()) {
    const pack = packageOf(name);
    const table = tables.get(pack) ?? {};
    table[name.slice(pack.length + 1)] = tableDefinition(facts.definitions[name]!);
    tables.set(pack, table);
  }
  return tables;
}

function tableDefinition(fact: FactDefinition): TableDefinition {
  if (!fact.fields) {
    const ref = Object.values(fact.wire ?? {}).find((wire) => wire.ref)?.ref;
    return {
      special: fact.type as TableDefinition["special"] & string,
      ...(ref ? { ref } : {}),
      ...(fact.openapiType ? { openapiType: fact.openapiType } : {}),
      ...(fact.format ? { format: fact.format } : {}),
    };
  }
  const gvk = fact.everyGroupVersion ? undefined : fact.gvk;
  return {
    ...(gvk ? { gvk } : {}),
    ...(fact.everyGroupVersion ? { everyGroupVersion: true } : {}),
    ...(fact.structType === "atomic" || fact.mapType === "atomic" ? { atomic: true } : {}),
    ...(fact.typeMeta ? { typeMeta: true } : {}),
    ...(fact.inline
      ? { inline: Object.fromEntries(Object.entries(fact.inline).map(([name, { proto }]) => [name, proto])) }
      : {}),
    fields: Object.fromEntries(Object.entries(fact.fields).map(([name, field]) => [name, tableField(field)])),
  };
}

/** Leaves out what follows from the rest: wire types from types, wire names from numbers. */
function tableField(fact: FactField): TableField {
  const { protoType: _type, protoName: _name, items, format, ...rest } = fact;
  return {
    ...rest,
    ...(format && format !== "byte" && format !== "double" ? { format } : {}),
    ...(items ? { items: tableField(items) } : {}),
  };
}
