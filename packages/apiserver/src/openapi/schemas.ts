import type { Json } from "@homeostat/api";
import type { TableField } from "../schema/builtin-table.ts";
import type { BuiltinDefinition, BuiltinField, BuiltinTypes } from "../schema/builtin-types.ts";
import { describeField, describeType } from "./descriptions.ts";
import { META, refTo, type SchemaObject } from "./document.ts";

/** Schemas of built-in definitions, made from the tables, in the form Kubernetes publishes them. */

/** Definitions of types that have a JSON form of their own; the tables have them by shape, documents by name. */
const SHAPES: Readonly<Record<string, { readonly name: string; readonly schema: SchemaObject }>> = {
  quantity: {
    name: "io.k8s.apimachinery.pkg.api.resource.Quantity",
    schema: {
      description: "A number with a decimal (m, k, M, G …) or binary (Ki, Mi, Gi …) suffix, `500m` or `2Gi`.",
      oneOf: [{ type: "string" }, { type: "number" }],
    },
  },
  intOrString: {
    name: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    schema: {
      description: "An integer, or a string such as a percentage or the name of a port.",
      format: "int-or-string",
      oneOf: [{ type: "integer" }, { type: "string" }],
    },
  },
  time: {
    name: `${META}.Time`,
    schema: { description: "A time in RFC 3339, kept to the second.", format: "date-time", type: "string" },
  },
  microTime: {
    name: `${META}.MicroTime`,
    schema: { description: "A time in RFC 3339 with microseconds.", format: "date-time", type: "string" },
  },
  duration: { name: `${META}.Duration`, schema: { description: "A duration such as `1h30m`.", type: "string" } },
  fieldsV1: { name: `${META}.FieldsV1`, schema: { description: "A set of field paths as a tree.", type: "object" } },
  rawExtension: {
    name: "io.k8s.apimachinery.pkg.runtime.RawExtension",
    schema: { description: "Any object.", type: "object" },
  },
  json: {
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
    schema: { description: "Any JSON value." },
  },
};

const PATCH = `${META}.Patch`;

/** The schemas of `roots` and of everything they refer to, sorted by name. */
export function builtinSchemas(
  types: BuiltinTypes,
  roots: Iterable<string>,
  groupVersion: { readonly group: string; readonly version: string },
): Record<string, SchemaObject> {
  const collector = new Collector(types, groupVersion);
  for (const root of roots) collector.visit(root);
  return Object.fromEntries([...collector.schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
}

class Collector {
  readonly schemas = new Map<string, SchemaObject>();
  readonly #types: BuiltinTypes;
  readonly #groupVersion: { readonly group: string; readonly version: string };

  constructor(types: BuiltinTypes, groupVersion: { readonly group: string; readonly version: string }) {
    this.#types = types;
    this.#groupVersion = groupVersion;
  }

  visit(name: string): void {
    if (this.schemas.has(name)) return;
    if (name === PATCH) {
      this.schemas.set(name, {
        description: "A patch, in the format that the content type of the request names.",
        type: "object",
      });
      return;
    }
    const definition = this.#types.get(name);
    // Set first: schemas refer to themselves (JSONSchemaProps).
    this.schemas.set(name, {});
    this.schemas.set(name, definition.table.special ? this.#special(definition) : this.#struct(definition));
  }

  #special(definition: BuiltinDefinition): SchemaObject {
    if (definition.table.ref) this.visit(definition.table.ref);
    return (
      SHAPES[definition.table.special!]?.schema ?? {
        description: "A schema, or one of the other values the keyword takes.",
      }
    );
  }

  #struct(definition: BuiltinDefinition): SchemaObject {
    const required = definition.fields.filter((field) => field.required).map((field) => field.name);
    const description = describeType(definition);
    const gvk = this.#kinds(definition);
    return {
      ...(description ? { description } : {}),
      type: "object",
      ...(definition.fields.length > 0
        ? {
            properties: Object.fromEntries(
              definition.fields.map((field) => [field.name, this.#property(definition, field)]),
            ),
          }
        : {}),
      ...(required.length > 0 ? { required } : {}),
      ...(gvk.length > 0 ? { "x-kubernetes-group-version-kind": gvk } : {}),
      ...(definition.table.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    };
  }

  /** Some kinds belong to every group version; a document names them in its own. */
  #kinds({ goName, table }: BuiltinDefinition): { group: string; kind: string; version: string }[] {
    if (table.everyGroupVersion)
      return [{ group: this.#groupVersion.group, kind: goName, version: this.#groupVersion.version }];
    return (table.gvk ?? []).map(({ group, version, kind }) => ({ group, kind, version }));
  }

  #property(owner: BuiltinDefinition, field: BuiltinField): SchemaObject {
    const { table } = field;
    const value = table.default ?? (table.implicitDefault ? zeroOf(table) : undefined);
    return this.#shape(table, { description: describeField(owner, field), default: value, ...extensions(table) });
  }

  /** The schema of a value, with what is said about this use of it. */
  #shape(field: TableField, also: SchemaObject): SchemaObject {
    const extra = Object.fromEntries(Object.entries(also).filter(([, value]) => value !== undefined)) as SchemaObject;
    switch (field.type) {
      case "array":
        return { ...extra, type: "array", items: this.#element(field.items!) };
      case "map":
        return { ...extra, type: "object", additionalProperties: this.#element(field.items!) };
      case "string":
        return { ...extra, type: "string", ...(field.enum ? { enum: field.enum } : {}) };
      case "bytes":
        return { ...extra, type: "string", format: "byte" };
      case "integer":
        return { ...extra, type: "integer", ...(field.format ? { format: field.format } : {}) };
      case "number":
        return { ...extra, type: "number", format: "double" };
      case "boolean":
        return { ...extra, type: "boolean" };
      default:
        return this.#reference(field, extra);
    }
  }

  /** OpenAPI 3.0 ignores what stands beside a `$ref`, so a reference with more goes into `allOf`. */
  #reference(field: TableField, extra: SchemaObject): SchemaObject {
    const name = field.type === "ref" ? field.ref! : SHAPES[field.type]!.name;
    if (field.type === "ref") this.visit(name);
    else if (!this.schemas.has(name)) this.schemas.set(name, SHAPES[field.type]!.schema);
    const reference = refTo(name);
    return Object.keys(extra).length > 0 ? { allOf: [reference], ...extra } : reference;
  }

  /** Elements of lists and maps show the zero they would have. */
  #element(items: TableField): SchemaObject {
    const zero = items.type === "array" || items.type === "map" || items.type === "bytes" ? undefined : zeroOf(items);
    return this.#shape(items, { default: zero });
  }
}

function zeroOf(field: TableField): Json | undefined {
  switch (field.type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "ref":
      return {};
    default:
      return undefined;
  }
}

function extensions(table: TableField): SchemaObject {
  return {
    "x-kubernetes-list-type": table.listType,
    "x-kubernetes-list-map-keys": table.listMapKeys,
    "x-kubernetes-map-type": table.mapType ?? (table.structType === "atomic" ? "atomic" : undefined),
    "x-kubernetes-patch-strategy": table.patchStrategy,
    "x-kubernetes-patch-merge-key": table.patchMergeKey,
  };
}
