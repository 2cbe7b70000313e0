import type { Json, StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import { formatCheck } from "./formats.ts";
import { jsonEqual } from "./json-equal.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import { compilePattern } from "./pattern.ts";

/** A check that looks at one value only, not below it. */
export type ValueCheck = (value: Json, path: string, out: StatusCause[]) => void;

/** The type of a value as upstream's decoder sees it, and the format of its numbers. */
function typeOf(value: Json): { readonly type: string; readonly format: string } {
  if (value === null) return { type: "null", format: "" };
  if (Array.isArray(value)) return { type: "array", format: "" };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { type: "integer", format: "int64" } : { type: "number", format: "float64" };
  }
  return { type: typeof value, format: "" };
}

const numericFormats = new Set(["int32", "int64", "float", "double"]);

/** The check of `type`; undefined where any type will do. */
export function typeCheck(schema: JsonSchemaProps): ValueCheck | undefined {
  const wanted =
    schema["x-kubernetes-int-or-string"] === true ? ["integer", "string"] : schema.type ? [schema.type] : [];
  if (wanted.length === 0) return undefined;
  const format = typeof schema.format === "string" ? schema.format : "";
  // Upstream names the format rather than the type where one is declared that it knows.
  const isKnownFormat = numericFormats.has(format) || (format !== "" && formatCheck(format) !== undefined);
  const takesIntegers = wanted.includes("number");
  return (value, path, out) => {
    const actual = typeOf(value);
    if (wanted.includes(actual.type) || (actual.type === "integer" && takesIntegers)) return;
    const namesFormat = isKnownFormat && value !== null && actual.type !== "string" && actual.type !== "array";
    const [expected, shown] = namesFormat ? [format, actual.format] : [wanted.join(","), actual.type];
    out.push(
      fieldError.typeInvalid(path, shown, `${path} in body must be of type ${expected}: ${JSON.stringify(shown)}`),
    );
  };
}

/** The keywords of strings, numbers and enumerations. */
export function scalarChecks(schema: JsonSchemaProps): ValueCheck[] {
  return [...textChecks(schema), ...formatChecks(schema), ...numberChecks(schema), ...enumChecks(schema)];
}

/** Characters as Kubernetes counts them: code points, not UTF-16 units. */
function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function textChecks({ maxLength, minLength, pattern }: JsonSchemaProps): ValueCheck[] {
  const checks: ValueCheck[] = [];
  if (typeof maxLength === "number") {
    checks.push((value, path, out) => {
      if (typeof value === "string" && runes(value) > maxLength) out.push(fieldError.tooLong(path, maxLength));
    });
  }
  if (typeof minLength === "number") {
    checks.push((value, path, out) => {
      if (typeof value !== "string" || runes(value) >= minLength) return;
      out.push(fieldError.invalid(path, value, `${path} in body should be at least ${minLength} chars long`));
    });
  }
  // A pattern that does not compile was refused with its definition; there is nothing to check against.
  const compiled = typeof pattern === "string" ? compilePattern(pattern) : "";
  if (typeof compiled !== "string") {
    checks.push((value, path, out) => {
      if (typeof value !== "string" || compiled.test(value)) return;
      out.push(fieldError.invalid(path, value, `${path} in body should match '${pattern}'`));
    });
  }
  return checks;
}

function formatChecks({ format }: JsonSchemaProps): ValueCheck[] {
  const check = typeof format === "string" ? formatCheck(format) : undefined;
  if (!check) return [];
  return [
    (value, path, out) => {
      if (typeof value !== "string" || check(value)) return;
      out.push(
        fieldError.typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`),
      );
    },
  ];
}

const integerLimits: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  // The largest number below 2^63 that a JavaScript number can hold.
  int64: [-(2 ** 63), 2 ** 63 - 1024],
};

function numberChecks(schema: JsonSchemaProps): ValueCheck[] {
  const { multipleOf, maximum, minimum, format } = schema;
  const checks: ValueCheck[] = [];
  const whenNumber = (isGood: (value: number) => boolean, why: string): void => {
    checks.push((value, path, out) => {
      if (typeof value === "number" && !isGood(value))
        out.push(fieldError.invalid(path, value, `${path} in body ${why}`));
    });
  };
  const limits =
    typeof format === "string" && Object.hasOwn(integerLimits, format) ? integerLimits[format]! : undefined;
  if (limits) {
    checks.push((value, path, out) => {
      if (typeof value !== "number" || !Number.isInteger(value) || (value >= limits[0] && value <= limits[1])) return;
      out.push(
        fieldError.invalid(path, value, `Checked value must be of type integer with format ${format} in ${path}`),
      );
    });
  }
  if (typeof multipleOf === "number" && multipleOf > 0) {
    whenNumber((value) => Number.isInteger(value / multipleOf), `should be a multiple of ${multipleOf}`);
  }
  if (typeof maximum === "number") {
    if (schema.exclusiveMaximum === true) whenNumber((value) => value < maximum, `should be less than ${maximum}`);
    else whenNumber((value) => value <= maximum, `should be less than or equal to ${maximum}`);
  }
  if (typeof minimum === "number") {
    if (schema.exclusiveMinimum === true) whenNumber((value) => value > minimum, `should be greater than ${minimum}`);
    else whenNumber((value) => value >= minimum, `should be greater than or equal to ${minimum}`);
  }
  return checks;
}

function enumChecks({ enum: values }: JsonSchemaProps): ValueCheck[] {
  if (!Array.isArray(values) || values.length === 0) return [];
  const allowed: readonly Json[] = values;
  const texts = allowed.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return [
    (value, path, out) => {
      if (!allowed.some((one) => jsonEqual(one, value))) out.push(fieldError.notSupported(path, value, texts));
    },
  ];
}
