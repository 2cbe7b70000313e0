import { type ConditionLike, findCondition, type Stored } from "@homeostat/api";
import type { ObjectRow } from "./live-state.ts";
import { printable } from "./text.ts";

/** What a view shows of an object: by the API conventions, so that it fits kinds nobody here knows. */
export function objectRow(kind: string, object: Stored): ObjectRow {
  const { metadata } = object;
  const status = fields((object as { status?: unknown }).status);
  const conditions = Array.isArray(status["conditions"]) ? (status["conditions"] as ConditionLike[]) : [];
  const ready = findCondition(conditions, "Ready");
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    phase: text(status["phase"]),
    ready: text(ready?.status),
    message: ready?.status === "True" ? undefined : text(fields(ready)["message"]),
    generation: metadata.generation,
    observedGeneration: count(status["observedGeneration"]) ?? count(fields(ready)["observedGeneration"]),
    createdAt: Date.parse(metadata.creationTimestamp ?? ""),
    deleting: metadata.deletionTimestamp !== undefined,
  };
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? printable(value) : undefined;

const count = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
