import type { Json, JsonObject } from "@homeostat/api";
import type { TableField } from "./builtin-table.ts";
import type { BuiltinDefinition, BuiltinField, BuiltinTypes } from "./builtin-types.ts";
import { builtinTypes } from "./builtin-types.ts";
import { canonicalQuantity, quantityProblem } from "./canonical-quantity.ts";
import { canonicalMicroTime, canonicalTime, type TimeResult } from "./canonical-time.ts";
import type { DecodeResult } from "./object-schema.ts";
import { isOmitted } from "./omission.ts";
import { setOwn } from "./own-property.ts";
import { inDocumentOrder, type Step, strictPath } from "./strict-path.ts";

/**
 * Decoding of built-in kinds. Kubernetes reads such an object into a Go struct and writes it again, and what that round
 * trip does to an object is part of the API: unknown fields go, nulls become zero values, empty maps, lists and strings
 * vanish where the field is `omitempty`, structs that are no pointers appear as `{}`, quantities and times take their
 * canonical form, keys come in the order of the struct (those of maps sorted). The tables say which rule holds where:
 *
 * - a pointer, list, map or byte field that is absent or null is nil: left out with `omitempty`, else written `null`;
 * - an empty list or map is left out with `omitempty`;
 * - a zero scalar that is no pointer is left out with `omitempty`;
 * - a struct that is no pointer is always written, unless it is zero and `omitzero`.
 *
 * Errors are worded as upstream's decoder does. Source: Go's encoding/json and its fork sigs.k8s.io/json.
 */

/**
 * Decodes `object`, of the kind that `definition` names, in place. The types are the built-in ones unless others are
 * given. Throws when there is no such definition.
 */
export function decodeBuiltin(
  definition: string | BuiltinDefinition,
  object: JsonObject,
  types: BuiltinTypes = builtinTypes(),
): DecodeResult {
  const decoder = new Decoder(types);
  const decoded = decoder.struct(typeof definition === "string" ? types.get(definition) : definition, object);
  const unknown = decoder.unknown.length > 1 ? inDocumentOrder(decoder.unknown, object) : decoder.unknown;
  for (const key of Object.keys(object)) delete object[key];
  for (const key of Object.keys(decoded)) setOwn(object, key, decoded[key]!);
  return decoder.mismatch === undefined ? { unknown } : { unknown, mismatch: decoder.mismatch };
}

class Decoder {
  readonly unknown: string[] = [];
  mismatch: string | undefined;
  readonly #types: BuiltinTypes;
  /** From the root of the request to the value at hand. */
  #path: Step[] = [];
  /** The innermost struct, for messages; undefined at the root and inside types with a decoder of their own. */
  #struct: BuiltinDefinition | undefined;
  /** Above 0 inside such types: what they do not know goes without a word, as upstream. */
  #silent = 0;

  constructor(types: BuiltinTypes) {
    this.#types = types;
  }

  struct(definition: BuiltinDefinition, input: JsonObject): JsonObject {
    const outer = this.#struct;
    this.#struct = definition;
    const out: JsonObject = {};
    let seen = 0;
    for (const field of definition.fields) {
      const given = input[field.name];
      if (given !== undefined) seen++;
      const value = this.#fieldValue(field, given ?? null);
      if (!isOmitted(field.table, value)) out[field.name] = value;
    }
    this.#struct = outer;
    if (seen !== Object.keys(input).length) this.#reportUnknown(definition, input);
    return out;
  }

  #reportUnknown(definition: BuiltinDefinition, input: JsonObject): void {
    if (this.#silent > 0) return;
    for (const key of Object.keys(input)) {
      if (!definition.byName(key)) this.unknown.push(strictPath([...this.#path, key]));
    }
  }

  #fieldValue(field: BuiltinField, given: Json): Json {
    const { table } = field;
    if (given === null)
      return table.pointer || table.type === "array" || table.type === "map" || table.type === "bytes"
        ? null
        : this.#zero(table);
    this.#path.push(field.name);
    const value = this.#value(table, given);
    this.#path.pop();
    return value;
  }

  /** What Go has where nothing was given. */
  #zero(field: TableField): Json {
    switch (field.type) {
      case "string":
        return "";
      case "integer":
      case "number":
      case "intOrString":
        return 0;
      case "boolean":
        return false;
      case "quantity":
        return "0";
      case "duration":
        return "0s";
      case "ref": {
        const definition = this.#types.get(field.ref!);
        if (definition.table.special === undefined) return this.struct(definition, {});
        return definition.table.special === "schemaOrBool" ? false : null;
      }
      default:
        return null;
    }
  }

  /** `given` is not null. */
  #value(field: TableField, given: Json): Json {
    switch (field.type) {
      case "ref":
        return this.#ref(field, given);
      case "array":
        return this.#array(field, given);
      case "map":
        return this.#map(field, given);
      case "rawExtension":
      case "json":
        return given;
      case "fieldsV1":
        return given;
      default:
        return this.#scalar(field, given);
    }
  }

  #ref(field: TableField, given: Json): Json {
    const definition = this.#types.get(field.ref!);
    if (definition.table.special !== undefined) return this.#special(definition, given);
    if (typeof given === "object" && given !== null && !Array.isArray(given)) return this.struct(definition, given);
    return this.#wrong(field, jsonType(given));
  }

  #array(field: TableField, given: Json): Json {
    if (!Array.isArray(given)) return this.#wrong(field, jsonType(given));
    const items = field.items!;
    return given.map((item, index) => {
      this.#path.push(index);
      const value = item === null ? (items.pointer ? null : this.#zeroItem(items)) : this.#value(items, item);
      this.#path.pop();
      return value;
    });
  }

  #map(field: TableField, given: Json): Json {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return this.#wrong(field, jsonType(given));
    const out: JsonObject = {};
    for (const key of Object.keys(given).sort(byCodePoint)) {
      const item = given[key]!;
      this.#path.push({ key });
      setOwn(out, key, item === null ? this.#zeroItem(field.items!) : this.#value(field.items!, item));
      this.#path.pop();
    }
    return out;
  }

  /** Lists, maps and bytes inside lists and maps are nil when null. */
  #zeroItem(items: TableField): Json {
    return items.type === "array" || items.type === "map" || items.type === "bytes" ? null : this.#zero(items);
  }

  #scalar(field: TableField, given: Json): Json {
    switch (field.type) {
      case "string":
        return typeof given === "string" ? given : this.#wrong(field, jsonType(given));
      case "boolean":
        return typeof given === "boolean" ? given : this.#wrong(field, jsonType(given));
      case "integer":
        if (typeof given !== "number") return this.#wrong(field, jsonType(given));
        return fits(given, field.format) ? given : this.#wrong(field, `number ${given}`);
      case "number":
        return typeof given === "number" ? given : this.#wrong(field, jsonType(given));
      case "bytes":
        return this.#bytes(field, given);
      case "intOrString":
        return this.#intOrString(given);
      case "quantity":
        return this.#quantity(given);
      case "time":
        return this.#time(given, canonicalTime);
      case "microTime":
        return this.#time(given, canonicalMicroTime);
      default:
        return typeof given === "string"
          ? given
          : this.#fail(`json: cannot unmarshal ${jsonType(given)} into Go value of type string`, null);
    }
  }

  #bytes(field: TableField, given: Json): Json {
    if (typeof given !== "string") return this.#wrong(field, jsonType(given));
    // Line breaks are allowed in what comes in and not written.
    const text = given.replace(/[\r\n]/g, "");
    const good = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
    // The last bits of a padded group may be anything; what is written has zeros there.
    if (good) return text.endsWith("=") ? Buffer.from(text, "base64").toString("base64") : text;
    const bad = /^[A-Za-z0-9+/]*/.exec(text)![0].length;
    return this.#fail(
      `illegal base64 data at input byte ${Math.min(bad, Math.max(0, text.length - (text.length % 4)))}`,
      "",
    );
  }

  #intOrString(given: Json): Json {
    if (typeof given === "string") return given;
    if (typeof given !== "number")
      return this.#fail(`json: cannot unmarshal ${jsonType(given)} into Go value of type int32`, 0);
    return fits(given, "int32")
      ? given
      : this.#fail(`json: cannot unmarshal number ${given} into Go value of type int32`, 0);
  }

  #quantity(given: Json): Json {
    // Numbers are read by their digits: `cpu: 0.5` is a common spelling.
    const text = typeof given === "string" ? given.trim() : typeof given === "number" ? String(given) : "";
    return canonicalQuantity(text) ?? this.#fail(quantityProblem, "0");
  }

  #time(given: Json, canonical: (text: string) => TimeResult): Json {
    if (typeof given !== "string")
      return this.#fail(`json: cannot unmarshal ${jsonType(given)} into Go value of type string`, null);
    const result = canonical(given);
    return "text" in result ? result.text : this.#fail(result.problem, null);
  }

  /** The unions of CustomResourceDefinition schemas, which decode themselves: paths in messages start anew there. */
  #special(definition: BuiltinDefinition, given: Json): Json {
    const schema: TableField = { type: "ref", ref: definition.table.ref! };
    const outer = { path: this.#path, struct: this.#struct };
    this.#path = [];
    this.#struct = undefined;
    this.#silent++;
    const value = this.#union(definition.table.special!, schema, given);
    this.#silent--;
    this.#path = outer.path;
    this.#struct = outer.struct;
    return value;
  }

  #union(special: string, schema: TableField, given: Json): Json {
    if (special === "schemaOrBool" && typeof given === "boolean") return given;
    if (special === "schemaOrArray" && Array.isArray(given))
      return this.#array({ type: "array", items: schema }, given);
    if (special === "schemaOrStringArray" && Array.isArray(given))
      return this.#array({ type: "array", items: { type: "string" } }, given);
    if (typeof given === "object" && !Array.isArray(given)) return this.#value(schema, given);
    return this.#fail(
      special === "schemaOrBool"
        ? "boolean or JSON schema expected"
        : `json: cannot unmarshal ${jsonType(given)} into a JSON schema`,
      null,
    );
  }

  #wrong(field: TableField, what: string): Json {
    const names = this.#path.filter((step) => typeof step === "string");
    const place = this.#struct && names.length > 0 ? `struct field ${this.#struct.goName}.${names.join(".")}` : "value";
    return this.#fail(
      `json: cannot unmarshal ${what} into Go ${place} of type ${this.#goType(field)}`,
      this.#replacement(field),
    );
  }

  #fail(message: string, replacement: Json): Json {
    this.mismatch ??= message;
    return replacement;
  }

  /** Stands in for a value of the wrong type: the request is refused, but what runs until then should not stumble. */
  #replacement(field: TableField): Json {
    return field.pointer ? null : this.#zeroItem(field);
  }

  #goType(field: TableField): string {
    switch (field.type) {
      case "integer":
        return field.format ?? "int64";
      case "number":
        return "float64";
      case "boolean":
        return "bool";
      case "bytes":
        return "[]uint8";
      case "array":
        return `[]${this.#goType(field.items!)}`;
      case "map":
        return field.items!.type === "quantity" ? "v1.ResourceList" : `map[string]${this.#goType(field.items!)}`;
      case "ref":
        return this.#types.get(field.ref!).goType;
      default:
        return GO_TYPES[field.type] ?? "string";
    }
  }
}

const GO_TYPES: Readonly<Record<string, string>> = {
  quantity: "resource.Quantity",
  intOrString: "intstr.IntOrString",
  time: "v1.Time",
  microTime: "v1.MicroTime",
  rawExtension: "runtime.RawExtension",
  fieldsV1: "v1.FieldsV1",
};

function jsonType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}

/** int64 values beyond 2^53 are refused: a JavaScript number would silently hold another one. */
function fits(value: number, format: string | undefined): boolean {
  return format === "int32" ? (value | 0) === value : Number.isSafeInteger(value);
}

/** Go sorts keys by bytes, which for UTF-8 is by code point. */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  // Only beyond the basic plane do code units sort differently; such keys are rare enough to pay for bytes.
  if (/[\ud800-\udfff]/.test(a + b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}
