import { type ApiError, type StatusCause, statusError } from "@homeostat/api";
import { type FieldSet, pathsOf } from "./field-set.ts";
import { compareText, type FieldOwner } from "./managed-fields.ts";
import { showPath } from "./path-element.ts";

/** Fields an apply would change that another manager owns. */
export interface Conflict {
  readonly owner: FieldOwner;
  readonly fields: FieldSet;
}

/**
 * 409 with one cause per field. Clients read the causes, and people the message, which names each manager once.
 * Source: managedfields `NewConflictError`.
 */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const sorted = [...conflicts].sort((a, b) => compareText(a.owner.manager, b.owner.manager));
  const causes: StatusCause[] = [];
  const messages: string[] = [];
  for (const { owner, fields } of sorted) {
    const paths = [...pathsOf(fields)].map(showPath);
    messages.push(`conflicts with ${showOwner(owner)}:`, ...paths.map((path) => `- ${path}`));
    for (const field of paths)
      causes.push({ reason: "FieldManagerConflict", message: `conflict with ${showOwner(owner)}`, field });
  }
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${causes[0]!.message}: ${causes[0]!.field}`
      : `Apply failed with ${causes.length} conflicts: ${messages.join("\n")}`;
  return statusError(409, "Conflict", message, { causes });
}

function showOwner({ manager, operation, apiVersion, subresource }: FieldOwner): string {
  const through = subresource ? ` with subresource ${JSON.stringify(subresource)}` : "";
  return `${JSON.stringify(manager)}${through}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
}
