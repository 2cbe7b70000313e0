import type { Json, JsonObject } from "@homeostat/api";
import type { TableColumns } from "./columns.ts";
import { type MetaVersion, partialObjectMetadata } from "./partial-object.ts";

export interface TableOptions {
  /** What a row carries of its object: nothing, its metadata (default), or all of it. */
  readonly includeObject?: "None" | "Metadata" | "Object";
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  /** Default v1. */
  readonly version?: MetaVersion;
  /** Of the list: resourceVersion, continue, remainingItemCount. */
  readonly metadata?: JsonObject;
  /**
   * Whether the columns are described. Default true; a watch describes them in its first event only, since they stay
   * the same.
   */
  readonly includeColumns?: boolean;
}

/**
 * Objects as a table, the form in which kubectl prints them: the server knows best what matters of a kind.
 * Source: meta/v1 `Table`, KEP "server-side get and partial objects".
 */
export function toTable(objects: readonly JsonObject[], columns: TableColumns, options: TableOptions): JsonObject {
  const { includeObject = "Metadata", now, version = "v1", metadata = {}, includeColumns = true } = options;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: includeColumns ? columns.columns.map((column) => ({ ...column })) : [],
    rows: objects.map((object) => row(object, columns, now, includeObject, version)),
  };
}

function row(
  object: JsonObject,
  columns: TableColumns,
  now: number,
  include: "None" | "Metadata" | "Object",
  version: MetaVersion,
): JsonObject {
  const conditions = columns.conditions?.(object) ?? [];
  return {
    // A bookmark of a watch has a revision and nothing to print.
    cells: isBookmark(object) ? [] : (columns.cells(object, now) as Json[]),
    ...(conditions.length > 0 ? { conditions: conditions.map((condition) => ({ ...condition })) } : {}),
    ...rowObject(object, include, version),
  };
}

function rowObject(object: JsonObject, include: "None" | "Metadata" | "Object", version: MetaVersion): JsonObject {
  if (include === "None") return { object: null };
  return { object: include === "Object" ? object : partialObjectMetadata(object, version) };
}

function isBookmark(object: JsonObject): boolean {
  return (object["metadata"] as JsonObject | undefined)?.["name"] === undefined;
}
