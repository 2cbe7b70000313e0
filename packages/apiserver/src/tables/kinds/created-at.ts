import { struct, text } from "../../builtins/json-fields.ts";
import { type Column, column } from "../column.ts";

const created = column(
  "Created At",
  (object) => text(struct(object, "metadata"), "creationTimestamp"),
  "string",
  "When the object was created.",
);

/** The time itself, where upstream shows no age: kinds without columns of their own. */
export const createdAtColumn: Column = { ...created, definition: { ...created.definition, type: "date" } };
