import type { Attributes } from "../registry/object-store.ts";
import type { ListQuery } from "./list-query.ts";

/** Whether an object is selected; undefined where all are. */
export type Selection = ((attributes: Attributes) => boolean) | undefined;

/** Whether an object's selectable fields are asked about, other than those all objects have. */
export function selectsByFields({ fields }: Pick<ListQuery, "fields">): boolean {
  return fields?.requirements.some(({ field }) => !field.startsWith("metadata.")) ?? false;
}

export function selectionOf({ labels, fields }: Pick<ListQuery, "labels" | "fields">): Selection {
  if (!labels && !fields) return undefined;
  return (attributes) =>
    (labels === undefined || labels.matches(attributes.labels)) &&
    (fields === undefined ||
      fields.requirements.every(({ field, operator, value }) => {
        const equal = (attributes.fields[field] ?? "") === value;
        return operator === "!=" ? !equal : equal;
      }));
}
