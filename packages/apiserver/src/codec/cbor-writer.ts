import type { Json, JsonObject } from "@homeostat/api";
import { cborModule } from "../on-demand.ts";
import type { TableField } from "../schema/builtin-table.ts";
import { type BuiltinDefinition, type BuiltinTypes, builtinTypes } from "../schema/builtin-types.ts";

/**
 * Answers in CBOR, as Kubernetes' encoder writes them (KEP-4222): the tag that says so first, texts and keys as byte
 * strings, since nobody has to prove them UTF-8 then, numbers in their shortest form. Fields that hold bytes are byte
 * strings under tag 22: base64 in JSON. Which they are the types of built-in kinds say; custom objects have none.
 */

const SELF_DESCRIBED = 55799;
const BASE64_LATER = 22;

/** @param types default: the committed types */
export function encodeCbor(value: JsonObject, types: BuiltinTypes = builtinTypes()): Uint8Array {
  const { encode, Tagged, Token, Type } = cborModule();
  const tagBytes = (base64: string): unknown => new Tagged(BASE64_LATER, Buffer.from(base64, "base64"));
  return encode(new Tagged(SELF_DESCRIBED, new ByteFields(types, tagBytes).ofObject(value)), {
    typeEncoders: { string: (text: string) => new Token(Type.bytes, Buffer.from(text)) },
    // The order of JSON is kept: nothing is compared.
    mapSorter: () => 0,
  });
}

/** An event of a watch: an item of a sequence (RFC 8742), the object in it complete with its tag. */
export function encodeCborEvent(type: string, object: JsonObject): Uint8Array {
  return Buffer.concat([eventHead(type), encodeCbor(object)]);
}

/** The map of two with its first entry and the key of the second. */
function eventHead(type: string): Uint8Array {
  const string = (text: string): Buffer => Buffer.concat([Buffer.of(0x40 + text.length), Buffer.from(text)]);
  return Buffer.concat([Buffer.of(0xd9, 0xd9, 0xf7, 0xa2), string("type"), string(type), string("object")]);
}

/** Replaces the base64 of fields that are bytes; what has none is passed on as it is. */
class ByteFields {
  readonly #types: BuiltinTypes;
  readonly #tagged: (base64: string) => unknown;

  constructor(types: BuiltinTypes, tagged: (base64: string) => unknown) {
    this.#types = types;
    this.#tagged = tagged;
  }

  ofObject(value: JsonObject): unknown {
    const { apiVersion, kind } = value;
    if (typeof apiVersion !== "string" || typeof kind !== "string") return value;
    const definition = this.#types.ofKind(apiVersion, kind);
    return definition ? this.#struct(definition, value) : value;
  }

  #struct(definition: BuiltinDefinition, value: JsonObject): unknown {
    if (definition.table.special !== undefined) return value;
    return mapped(value, (item, name) => {
      const field = definition.byName(name);
      return field ? this.#field(field.table, item) : item;
    });
  }

  #field(field: TableField, value: Json): unknown {
    if (field.type === "bytes") return typeof value === "string" ? this.#tagged(value) : value;
    if (value === null || typeof value !== "object") return value;
    if (field.type === "array") return Array.isArray(value) ? this.#list(field.items!, value) : value;
    if (Array.isArray(value)) return value;
    if (field.type === "map") return mapped(value, (item) => this.#field(field.items!, item));
    return field.type === "ref" ? this.#struct(this.#types.get(field.ref!), value) : value;
  }

  #list(items: TableField, value: readonly Json[]): unknown {
    const list = value.map((item) => this.#field(items, item));
    return list.some((item, index) => item !== value[index]) ? list : value;
  }
}

/** The object itself where no value becomes another. */
function mapped(value: JsonObject, map: (item: Json, name: string) => unknown): unknown {
  const entries = Object.entries(value).map(([name, item]) => [name, map(item, name)] as const);
  return entries.some(([name, item]) => item !== value[name]) ? Object.fromEntries(entries) : value;
}
