import type { Json, JsonObject } from "@homeostat/api";
import type { TableColumnDefinition, TableColumns } from "../tables/columns.ts";
import { humanAge } from "../tables/human-duration.ts";
import type { JsonPath } from "./json-path.ts";
import { compileJsonPath } from "./json-path.ts";
import { isJsonObject } from "./json-schema-props.ts";
import { arrayOf } from "./structural-schema.ts";

type Cell = string | number | boolean | null;

interface Column {
  readonly definition: TableColumnDefinition;
  cell(object: JsonObject, now: number): Cell;
}

/**
 * The table of a version of a custom kind: the name, then its `additionalPrinterColumns`; the age where none are
 * declared. Source: apiextensions, registry/customresource/tableconvertor.
 *
 * @param crdVersion an entry of `spec.versions`
 */
export function printerColumns(crdVersion: JsonObject): TableColumns {
  const declared = arrayOf(crdVersion["additionalPrinterColumns"] as Json[] | undefined).filter(isJsonObject);
  const columns = [nameColumn, ...(declared.length === 0 ? [columnOf(ageColumn)] : declared.map(columnOf))];
  return {
    columns: columns.map((column) => column.definition),
    cells: (object, now) => columns.map((column) => column.cell(object, now)),
  };
}

const ageColumn: JsonObject = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since the object was created",
};

const nameColumn: Column = {
  definition: { name: "Name", type: "string", format: "name", description: "Name of the object", priority: 0 },
  cell: (object) => {
    const metadata = object["metadata"];
    const name = isJsonObject(metadata) ? metadata["name"] : undefined;
    return typeof name === "string" ? name : null;
  },
};

function columnOf(column: JsonObject): Column {
  const text = (name: string): string => (typeof column[name] === "string" ? column[name] : "");
  const type = text("type");
  const path = compileJsonPath(text("jsonPath"));
  return {
    definition: {
      name: text("name"),
      type,
      format: text("format"),
      description: text("description") || `Custom resource definition column (in JSONPath format): ${text("jsonPath")}`,
      priority: typeof column["priority"] === "number" ? column["priority"] : 0,
    },
    // A path that does not compile was refused with its definition.
    cell: typeof path === "string" ? () => null : (object, now) => cellOf(type, path, object, now),
  };
}

function cellOf(type: string, path: JsonPath, object: JsonObject, now: number): Cell {
  const results = path(object);
  const value = results[0];
  if (value === undefined) return null;
  if (type === "string") return results.map(textOf).join(" ");
  if (type === "integer") return typeof value === "number" ? Math.trunc(value) : null;
  if (type === "number") return typeof value === "number" ? value : null;
  if (type === "boolean") return typeof value === "boolean" ? value : null;
  if (type === "date") return typeof value === "string" ? humanAge(value, now) : null;
  return null;
}

function textOf(value: Json): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
