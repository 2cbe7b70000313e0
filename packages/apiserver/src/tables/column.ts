import type { Json, JsonObject } from "@homeostat/api";
import { struct, text } from "../builtins/json-fields.ts";
import type { TableColumnDefinition, TableColumns } from "./columns.ts";
import { humanAge } from "./human-duration.ts";

export type Cell = string | number | boolean | null;

/** One column of a kind, with how its cell is made. */
export interface Column {
  readonly definition: TableColumnDefinition;
  cell(object: JsonObject, now: number): Cell;
}

type ColumnType = "string" | "integer" | "number" | "boolean";

/** A column that is always shown. */
export function column(name: string, cell: Column["cell"], type: ColumnType = "string", description = ""): Column {
  return { definition: { name, type, format: "", description, priority: 0 }, cell };
}

/** A column that only wide views show. */
export function wide(name: string, cell: Column["cell"], type: ColumnType = "string", description = ""): Column {
  return { definition: { name, type, format: "", description, priority: 1 }, cell };
}

export const nameColumn: Column = {
  definition: {
    name: "Name",
    type: "string",
    format: "name",
    description: "Name of the object, unique within its namespace and kind.",
    priority: 0,
  },
  cell: (object) => text(struct(object, "metadata"), "name"),
};

export const ageColumn: Column = column(
  "Age",
  (object, now) => humanAge(text(struct(object, "metadata"), "creationTimestamp"), now),
  "string",
  "Time since the object was created.",
);

/** Columns of a kind; the name comes first by itself. */
export function tableColumns(...columns: readonly Column[]): TableColumns {
  const all = [nameColumn, ...columns];
  return {
    columns: all.map(({ definition }) => definition),
    cells: (object, now) => all.map(({ cell }) => cell(object, now)),
  };
}

/** What stands in an optional cell that has nothing. */
export const none = "<none>";

/** The text of a value, or `<none>`. */
export function orNone(value: Json | undefined): string {
  return value === undefined || value === null || value === "" ? none : String(value);
}

/** Names joined by commas, or `<none>`. */
export function listed(values: readonly string[]): string {
  return values.length === 0 ? none : values.join(",");
}

/** The first three, and how many more there are. */
export function firstThree(values: readonly string[]): string {
  if (values.length === 0) return none;
  const shown = values.slice(0, 3).join(",");
  return values.length > 3 ? `${shown} + ${values.length - 3} more...` : shown;
}
