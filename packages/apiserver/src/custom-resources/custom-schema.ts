import type { JsonObject, StatusCause } from "@homeostat/api";
import { fieldError, fieldPath } from "@homeostat/api";
import type { DecodeResult, ObjectSchema } from "../schema/object-schema.ts";
import type { TypeSchema } from "../schema/type-schema.ts";
import type { CompiledRules } from "./cel/rules.ts";
import { applyDefaults } from "./defaulting.ts";
import { ownField } from "./json-schema-props.ts";
import { duplicateItems } from "./list-types.ts";
import { coerceMetadata } from "./object-meta.ts";
import { forEachEmbedded, prune } from "./prune.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { compileStructural } from "./structural-schema.ts";
import { typeSchemaOf } from "./type-schema-of.ts";
import type { Validator } from "./validate.ts";

export interface CustomSchemaOptions {
  /** Type of `metadata`: the generated ObjectMeta. */
  readonly objectMeta: TypeSchema;
  /** What `apiVersion` and `kind` of objects must be; unchecked where unset. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

export interface CustomSchema extends ObjectSchema {
  readonly structural: StructuralSchema;
}

/** Kinds of findings after which CEL would only report what follows from them. Source: apiextensions, `hasBlockingErr`. */
const blocking = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

/**
 * The schema of one version of a custom kind, compiled when it is made: decoding prunes and brings metadata into
 * shape, defaults are filled by schema, validation runs keywords, list semantics and CEL rules, in this order.
 *
 * @param crdVersion an entry of `spec.versions` of an accepted CustomResourceDefinition; not changed afterwards
 */
export function createCustomSchema(crdVersion: JsonObject, options: CustomSchemaOptions): CustomSchema {
  const holder = ownField(crdVersion, "schema") as JsonObject | undefined;
  const structural = compileStructural(holder?.["openAPIV3Schema"]);
  const type = typeSchemaOf(structural, options);
  // Patterns and rules cost most to load and compile, and many kinds are never written: they wait for the first write.
  let validator: Validator | undefined;
  let rules: CompiledRules | undefined;

  return {
    type,
    structural,

    decode(object) {
      return decode(object, structural, options.objectMeta);
    },

    default(object) {
      applyDefaults(object, structural);
    },

    validate(object, old) {
      if (validator) return problems(validator, object, old);
      return import("./validate.ts").then(({ compileValidator }) => {
        validator ??= compileValidator(structural.source);
        return problems(validator, object, old);
      });
    },
  };

  type Problems = StatusCause[] | Promise<StatusCause[]>;
  function problems(check: Validator, object: JsonObject, old: JsonObject | undefined): Problems {
    const causes = [...typeMetaProblems(object, options.kind)];
    check(object, old, "", causes);
    causes.push(...ratcheted(embeddedProblems, object, old, structural));
    const isBlocked = causes.some((cause) => blocking.has(cause.reason ?? ""));
    causes.push(...ratcheted(duplicateItems, object, old, structural));
    if (!structural.hasRules) return causes;
    if (isBlocked) return [...causes, notChecked];
    if (rules) return [...causes, ...rules.validate(object, old)];
    return import("./cel/rules.ts").then(({ compileRules }) => {
      rules ??= compileRules(structural, "");
      return [...causes, ...rules.validate(object, old)];
    });
  }
}

const notChecked: StatusCause = fieldError.invalid(
  "<nil>",
  "null",
  "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
);

function decode(object: JsonObject, structural: StructuralSchema, objectMeta: TypeSchema): DecodeResult {
  const results = [coerceMetadata(object, objectMeta, "")];
  const unknown = prune(object, structural);
  forEachEmbedded(object, structural, "", (resource, path) => {
    results.push(coerceMetadata(resource, objectMeta, path));
  });
  const mismatch = results.find((result) => result.mismatch !== undefined)?.mismatch;
  const all = [...unknown, ...results.flatMap((result) => result.unknown)];
  return mismatch === undefined ? { unknown: all } : { unknown: all, mismatch };
}

function typeMetaProblems(object: JsonObject, kind: CustomSchemaOptions["kind"]): StatusCause[] {
  if (!kind) return [];
  const causes: StatusCause[] = [];
  const apiVersion = `${kind.group}/${kind.version}`;
  if (object["kind"] !== kind.kind) causes.push(fieldError.invalid("kind", object["kind"], `must be ${kind.kind}`));
  if (object["apiVersion"] !== apiVersion) {
    causes.push(fieldError.invalid("apiVersion", object["apiVersion"], `must be ${apiVersion}`));
  }
  return causes;
}

/** Findings an object already had do not block its update: upstream tolerates them wherever the old object had any. */
function ratcheted(
  check: (object: JsonObject, schema: StructuralSchema) => StatusCause[],
  object: JsonObject,
  old: JsonObject | undefined,
  schema: StructuralSchema,
): StatusCause[] {
  const causes = check(object, schema);
  return causes.length > 0 && old && check(old, schema).length > 0 ? [] : causes;
}

/** An embedded resource must say what it is. Source: apiextensions, schema/objectmeta `Validate`. */
function embeddedProblems(object: JsonObject, schema: StructuralSchema): StatusCause[] {
  const causes: StatusCause[] = [];
  forEachEmbedded(object, schema, "", (resource, path) => {
    for (const name of ["apiVersion", "kind"]) {
      const value = ownField(resource, name);
      if (value === undefined || value === "") {
        causes.push(fieldError.required(fieldPath(path, name), "must not be empty"));
      } else if (typeof value !== "string") {
        causes.push(fieldError.typeInvalid(fieldPath(path, name), value, "must be a string"));
      }
    }
  });
  return causes;
}
