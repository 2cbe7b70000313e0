import type { JsonObject, StatusCause } from "@homeostat/api";
import { fieldError } from "@homeostat/api";
import { listAt, textAt } from "./definition.ts";
import { compileJsonPath } from "./json-path.ts";
import { isJsonObject } from "./json-schema-props.ts";
import { scalePathsOf } from "./scale.ts";
import type { StructuralSchema } from "./structural-schema.ts";
import { fieldSchema } from "./structural-schema.ts";

const columnTypes = ["integer", "number", "string", "boolean", "date"];
const columnFormats = ["int32", "int64", "float", "double", "byte", "date", "date-time", "password"];

/** What is wrong with the `additionalPrinterColumns` of a version. @param path of the version */
export function columnProblems(version: JsonObject, path: string): StatusCause[] {
  const out: StatusCause[] = [];
  listAt(version, "additionalPrinterColumns").forEach((column, index) => {
    const columnPath = `${path}.additionalPrinterColumns[${index}]`;
    const fields = isJsonObject(column) ? column : {};
    const [name, type, format, jsonPath] = ["name", "type", "format", "jsonPath"].map((field) =>
      textAt(fields, field),
    ) as [string, string, string, string];
    if (name === "") out.push(fieldError.required(`${columnPath}.name`));
    if (type === "") {
      out.push(fieldError.required(`${columnPath}.type`, `must be one of ${[...columnTypes].sort().join(",")}`));
    } else if (!columnTypes.includes(type)) {
      out.push(fieldError.invalid(`${columnPath}.type`, type, `must be one of ${[...columnTypes].sort().join(",")}`));
    }
    if (format !== "" && !columnFormats.includes(format)) {
      out.push(
        fieldError.invalid(`${columnPath}.format`, format, `must be one of ${[...columnFormats].sort().join(",")}`),
      );
    }
    if (jsonPath === "") {
      out.push(fieldError.required(`${columnPath}.jsonPath`));
    } else {
      const compiled = compileJsonPath(jsonPath);
      if (typeof compiled === "string") out.push(fieldError.invalid(`${columnPath}.jsonPath`, jsonPath, compiled));
      else if (!jsonPath.startsWith(".") && !jsonPath.startsWith("[")) {
        out.push(fieldError.invalid(`${columnPath}.jsonPath`, jsonPath, "must start with a dot"));
      }
    }
  });
  return out;
}

/** What is wrong with the paths of the scale subresource. @param path of the version */
export function scaleProblemsOf(version: JsonObject, path: string): StatusCause[] {
  const paths = scalePathsOf(version);
  if (!paths) return [];
  const out: StatusCause[] = [];
  const scalePath = `${path}.subresources.scale`;
  const check = (field: "specReplicasPath" | "statusReplicasPath", root: string): void => {
    const value = paths[field];
    if (value === "") out.push(fieldError.required(`${scalePath}.${field}`));
    else if (!isPlainPath(value)) {
      out.push(fieldError.invalid(`${scalePath}.${field}`, value, "should be a simple json path of the form .a.b.c"));
    } else if (!value.startsWith(root)) {
      out.push(fieldError.invalid(`${scalePath}.${field}`, value, `should be a json path under ${root.slice(0, -1)}`));
    }
  };
  check("specReplicasPath", ".spec.");
  check("statusReplicasPath", ".status.");
  const selector = paths.labelSelectorPath;
  if (selector !== undefined && !(isPlainPath(selector) && /^\.(spec|status)\./.test(selector))) {
    out.push(
      fieldError.invalid(
        `${scalePath}.labelSelectorPath`,
        selector,
        "should be a json path under either .status or .spec",
      ),
    );
  }
  return out;
}

function isPlainPath(path: string): boolean {
  return /^(\.[A-Za-z_][A-Za-z0-9_-]*)+$/.test(path);
}

const selectableTypes = new Set(["string", "integer", "boolean"]);
/** Source: apiextensions, `MaxSelectableFields`. */
const maxSelectableFields = 8;

/** What is wrong with the `selectableFields` of a version (KEP-4358): they name scalar fields of the schema. */
export function selectableFieldProblems(version: JsonObject, schema: StructuralSchema, path: string): StatusCause[] {
  const out: StatusCause[] = [];
  const fields = listAt(version, "selectableFields");
  if (fields.length > maxSelectableFields) {
    out.push(fieldError.tooMany(`${path}.selectableFields`, fields.length, maxSelectableFields));
  }
  const seen = new Set<string>();
  fields.forEach((field, index) => {
    const jsonPath = isJsonObject(field) ? textAt(field, "jsonPath") : "";
    const fieldPath = `${path}.selectableFields[${index}].jsonPath`;
    if (jsonPath === "") {
      out.push(fieldError.required(fieldPath));
    } else if (seen.has(jsonPath)) {
      out.push(fieldError.duplicate(fieldPath, jsonPath));
    } else if (!isPlainPath(jsonPath) || jsonPath.startsWith(".metadata.")) {
      out.push(fieldError.invalid(fieldPath, jsonPath, "is an invalid path: must be of the form .spec.a.b"));
    } else {
      const target = schemaAt(schema, jsonPath);
      if (!target)
        out.push(fieldError.invalid(fieldPath, jsonPath, "is an invalid path: does not refer to a valid field"));
      else if (!selectableTypes.has(target.type ?? "")) {
        out.push(
          fieldError.invalid(
            fieldPath,
            jsonPath,
            "is an invalid path: must point to a field of type string, boolean or integer",
          ),
        );
      }
    }
    seen.add(jsonPath);
  });
  return out;
}

function schemaAt(schema: StructuralSchema, path: string): StructuralSchema | undefined {
  return path
    .split(".")
    .slice(1)
    .reduce<StructuralSchema | undefined>((at, name) => at && fieldSchema(at, name), schema);
}
