import {
  generatedTables,
  type KindTable,
  type PackageTable,
  type TableDefinition,
  type TableField,
  type TableSource,
} from "./builtin-table.ts";
import {
  type Field,
  type ListType,
  type ScalarType,
  type StructType,
  type TypeSchema,
  untyped,
} from "./type-schema.ts";

/** What the tables know of one definition beyond its type: what decoding and OpenAPI need. */
export interface BuiltinDefinition {
  /** Full name: `io.k8s.api.apps.v1.Deployment`. */
  readonly name: string;
  /** Name of the Go type without package: `Deployment`. */
  readonly goName: string;
  /** As Go prints it in errors: `v1.Deployment`. */
  readonly goType: string;
  readonly table: TableDefinition;
  /** In the order of the Go struct; empty for special types. */
  readonly fields: readonly BuiltinField[];
  byName(name: string): BuiltinField | undefined;
  readonly type: TypeSchema;
}

/** A field of a definition. */
export interface BuiltinField extends Field {
  readonly name: string;
  readonly table: TableField;
}

/** The built-in types of one set of tables. Definitions are made when first asked for and kept; they are facts and never change. */
export interface BuiltinTypes {
  /** Undefined when there is no such definition. */
  find(name: string): BuiltinDefinition | undefined;
  /** Throws when there is no such definition: for names that come from the tables themselves. */
  get(name: string): BuiltinDefinition;
  /** The definition of a kind. Options kinds exist in every group version. */
  ofKind(apiVersion: string, kind: string): BuiltinDefinition | undefined;
}

/** @param source default: the committed tables, Kubernetes 1.36 */
export function createBuiltinTypes(source: TableSource = generatedTables): BuiltinTypes {
  const definitions = new Map<string, BuiltinDefinition>();
  const packages = new Map<string, PackageTable | undefined>();
  let kinds: KindTable | undefined;

  const find = (name: string): BuiltinDefinition | undefined => {
    const known = definitions.get(name);
    if (known) return known;
    const dot = name.lastIndexOf(".");
    const pack = name.slice(0, Math.max(0, dot));
    if (!packages.has(pack)) packages.set(pack, source.package(pack));
    const table = own(packages.get(pack), name.slice(dot + 1));
    if (!table) return undefined;
    const made = makeDefinition(name, table, types);
    definitions.set(name, made);
    return made;
  };
  const types: BuiltinTypes = {
    find,
    get(name) {
      const found = find(name);
      if (!found) throw new Error(`definition ${name} is not in the tables: run npm run generate`);
      return found;
    },
    ofKind(apiVersion, kind) {
      kinds ??= source.kinds();
      const name = own(own(kinds.kinds, apiVersion), kind) ?? own(kinds.everywhere, kind);
      return name === undefined ? undefined : find(name);
    },
  };
  return types;
}

/** Own properties only: names come from requests, and `constructor` is no kind. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function makeDefinition(name: string, table: TableDefinition, types: BuiltinTypes): BuiltinDefinition {
  const parts = name.split(".");
  const goName = parts.at(-1)!;
  const fields = Object.entries(table.fields ?? {}).map(([fieldName, field]) => makeField(fieldName, field, types));
  const byName = new Map(fields.map((field) => [field.name, field]));
  return {
    name,
    goName,
    goType: `${parts.at(-2)}.${goName}`,
    table,
    fields,
    byName: (fieldName) => byName.get(fieldName),
    type: table.special === undefined ? structType(name, table, fields, byName) : specialType(table),
  };
}

function makeField(name: string, table: TableField, types: BuiltinTypes): BuiltinField {
  let type: TypeSchema | undefined;
  return {
    name,
    table,
    // Types refer to each other in circles (JSONSchemaProps), so a field's type is made when asked for.
    get type() {
      return (type ??= fieldType(table, types));
    },
    // What Kubernetes writes even when it is empty is there for everyone, so setting it says nothing about who owns it.
    get alwaysPresent() {
      if (table.pointer || table.omitzero) return false;
      if (table.type === "array" || table.type === "map") return !table.omitempty;
      return table.type === "ref" && this.type.kind === "struct";
    },
    ...(table.default === undefined ? {} : { default: table.default }),
    ...(table.patchStrategy
      ? { patchStrategy: table.patchStrategy.split(",") as NonNullable<Field["patchStrategy"]> }
      : {}),
    ...(table.patchMergeKey ? { patchMergeKey: table.patchMergeKey } : {}),
    ...(table.required ? { required: true } : {}),
  };
}

function structType(
  name: string,
  table: TableDefinition,
  fields: readonly BuiltinField[],
  byName: ReadonlyMap<string, BuiltinField>,
): StructType {
  return {
    kind: "struct",
    name,
    field: (fieldName) => byName.get(fieldName),
    names: fields.map((field) => field.name),
    atomic: table.atomic === true,
    preserveUnknown: false,
  };
}

function fieldType(table: TableField, types: BuiltinTypes): TypeSchema {
  switch (table.type) {
    case "ref":
      return refType(table, types);
    case "array":
      return listType(table, types);
    case "map":
      return {
        kind: "map",
        value: fieldType(table.items!, types),
        atomic: table.mapType === "atomic" || table.structType === "atomic",
      };
    case "rawExtension":
    case "json":
      return untyped;
    case "fieldsV1":
      // Never tracked or merged: managedFields is handled apart.
      return { kind: "scalar", scalar: "any" };
    default:
      return scalar(table.type);
  }
}

/** A struct; the field may make it atomic or granular where the definition says otherwise (claimRef of a PersistentVolume). */
function refType(table: TableField, types: BuiltinTypes): TypeSchema {
  const { type } = types.get(table.ref!);
  const marker = table.mapType ?? table.structType;
  if (type.kind !== "struct" || marker === undefined || (marker === "atomic") === type.atomic) return type;
  return { ...type, atomic: marker === "atomic" };
}

function listType(table: TableField, types: BuiltinTypes): ListType {
  const kind = table.listType === "map" || table.listType === "set" ? table.listType : "atomic";
  return {
    kind: "list",
    item: fieldType(table.items!, types),
    listType: kind,
    keys: kind === "map" ? (table.listMapKeys ?? []) : [],
  };
}

/** The schema types of CustomResourceDefinitions are owned as a whole where they may be one of several shapes. */
function specialType(table: TableDefinition): TypeSchema {
  switch (table.special) {
    case "quantity":
    case "intOrString":
    case "time":
    case "microTime":
    case "duration":
      return scalar(table.special);
    case "fieldsV1":
      return { kind: "scalar", scalar: "any" };
    default:
      return untyped;
  }
}

const scalar = (name: ScalarType["scalar"]): ScalarType => ({ kind: "scalar", scalar: name });

/**
 * The committed tables' types, read once in a process: they are constants, kept only because reading them again for
 * every server would cost a millisecond or two each.
 */
export const builtinTypes: () => BuiltinTypes = (() => {
  let types: BuiltinTypes | undefined;
  return () => (types ??= createBuiltinTypes());
})();

/** The type of a built-in definition by its full name. Throws when there is none. */
export function builtinType(definitionName: string): TypeSchema {
  return builtinTypes().get(definitionName).type;
}

/** The type of a built-in kind; undefined when the server has no such kind. */
export function builtinKindType(apiVersion: string, kind: string): TypeSchema | undefined {
  return builtinTypes().ofKind(apiVersion, kind)?.type;
}
