import type { CelEnvironment } from "../custom-resources/cel/environment.ts";
import { escapeFieldName } from "../custom-resources/cel/escape.ts";
import { type CelType, objectType } from "../custom-resources/cel/values.ts";
import type { StructType, TypeSchema } from "../schema/type-schema.ts";

/** Declares the type of a kind's objects, for checking expressions; nothing is evaluated with it. @returns its name */
export function declareKindType(cel: CelEnvironment, name: string, type: TypeSchema): string {
  return new Declaring(cel).declare(type, name).name;
}

const anything = typeNamed("dyn");

function typeNamed(name: string): CelType {
  return { name, toValue: (json) => json };
}

class Declaring {
  readonly #cel: CelEnvironment;
  /** By name of the definition; undefined while it is being declared: a type within itself can be anything. */
  readonly #known = new Map<string, CelType | undefined>();

  constructor(cel: CelEnvironment) {
    this.#cel = cel;
  }

  declare(type: TypeSchema, path: string): CelType {
    switch (type.kind) {
      case "scalar":
        return typeNamed(scalars[type.scalar] ?? "dyn");
      case "list":
        return typeNamed(`list<${this.declare(type.item, `${path}.items`).name}>`);
      case "map":
        return typeNamed(`map<string, ${this.declare(type.value, `${path}.values`).name}>`);
      case "struct":
        return type.preserveUnknown ? anything : this.#struct(type, path);
      default:
        return anything;
    }
  }

  #struct(type: StructType, path: string): CelType {
    const name = (type.name ?? path).replaceAll(/[^A-Za-z0-9_.]/g, "_");
    if (this.#known.has(name)) return this.#known.get(name) ?? anything;
    this.#known.set(name, undefined);
    const fields = new Map<string, { readonly name: string; readonly type: CelType }>();
    for (const field of type.names) {
      const escaped = escapeFieldName(field);
      const declared = type.field(field);
      if (escaped === undefined || !declared) continue;
      fields.set(escaped, { name: field, type: this.declare(declared.type, `${path}.${escaped}`) });
    }
    const made = objectType(this.#cel.env, name, fields, this.#cel.equals);
    this.#known.set(name, made);
    return made;
  }
}

/** Source: apiserver, cel/common `SchemaDeclType`. */
const scalars: Readonly<Record<string, string>> = {
  string: "string",
  integer: "int",
  number: "double",
  boolean: "bool",
  quantity: "string",
  duration: "string",
  time: "google.protobuf.Timestamp",
  microTime: "google.protobuf.Timestamp",
  bytes: "bytes",
};
