import { readFileSync } from "node:fs";
import type { Json } from "@homeostat/api";

/**
 * The generated tables: for each API type its fields with their JSON, Go, wire and merge facts. One file per API
 * package (`io.k8s.api.apps.v1`), read when the first of its types is asked for, so that a boot pays only for what it
 * serves. Together they are 0.3 MB; the OpenAPI document they replace is 4 MB.
 */
export type PackageTable = Readonly<Record<string, TableDefinition>>;

export interface TableDefinition {
  /** Kinds this definition is registered as. */
  readonly gvk?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
  /** Registered in every group version: options kinds, WatchEvent. */
  readonly everyGroupVersion?: boolean;
  /** A type with a JSON form of its own; it has no `fields`. */
  readonly special?:
    | "quantity"
    | "intOrString"
    | "time"
    | "microTime"
    | "duration"
    | "rawExtension"
    | "fieldsV1"
    | "json"
    | "unknown"
    | "schemaOrArray"
    | "schemaOrBool"
    | "schemaOrStringArray";
  /** The schema type of the three `schemaOr…`. */
  readonly ref?: string;
  readonly openapiType?: string;
  readonly format?: string;
  /** Server-side apply owns the struct as a whole. */
  readonly atomic?: boolean;
  /** Has `kind` and `apiVersion` in JSON; on the wire they travel in the envelope. */
  readonly typeMeta?: boolean;
  /** Go structs that are flat in JSON but nested on the wire: name → wire number. A dotted name is inside another. */
  readonly inline?: Readonly<Record<string, number>>;
  /** By JSON name, in the order of the Go struct. */
  readonly fields?: Readonly<Record<string, TableField>>;
}

export type FieldShape =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "array"
  | "map"
  | "quantity"
  | "intOrString"
  | "time"
  | "microTime"
  | "duration"
  | "rawExtension"
  | "json"
  | "fieldsV1"
  | "bytes"
  | "ref";

export interface TableField {
  readonly type: FieldShape;
  /** Definition, for `ref`. */
  readonly ref?: string;
  /** Element of an array, value of a map. */
  readonly items?: TableField;
  /** `int32` or `int64`. */
  readonly format?: string;
  readonly enum?: readonly string[];
  /** The Go field is a pointer; the options of its JSON tag. Together they say how zero values are written. */
  readonly pointer?: boolean;
  readonly omitempty?: boolean;
  readonly omitzero?: boolean;
  readonly required?: boolean;
  /** Wire number; `via` names the `inline` struct it sits in. */
  readonly proto?: number;
  readonly via?: string;
  /** A list that is a message of its own on the wire. */
  readonly wrapped?: boolean;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
  readonly mapType?: string;
  readonly structType?: string;
  /** Comma separated. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly default?: Json;
  /** OpenAPI shows the zero value as default. */
  readonly implicitDefault?: boolean;
}

/** Definition names by `apiVersion` and kind, and of kinds that every group version has. */
export interface KindTable {
  readonly kinds: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly everywhere: Readonly<Record<string, string>>;
}

/** Where tables come from. */
export interface TableSource {
  /** Undefined where there is no such package. */
  package(name: string): PackageTable | undefined;
  kinds(): KindTable;
}

/** File name of a package's table: `io.k8s.api.apps.v1` → `apps.v1`. */
export function tableFileName(packageName: string): string {
  return `${packageName.split(".").slice(-2).join(".")}.generated.json`;
}

/** The committed tables. */
export const generatedTables: TableSource = {
  package(name) {
    // Names come from requests too (group and kind of a body), but only known packages have files.
    return /^[a-z0-9.-]+$/.test(name) ? readTable<PackageTable>(tableFileName(name)) : undefined;
  },
  kinds: () => readTable<KindTable>("kinds.generated.json") ?? { kinds: {}, everywhere: {} },
};

function readTable<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(new URL(`./builtin/${file}`, import.meta.url), "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
