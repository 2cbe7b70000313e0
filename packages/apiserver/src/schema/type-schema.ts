import type { Json } from "@homeostat/api";

/**
 * What the server knows of the types of fields: one model for built-in kinds (from the generated tables) and custom
 * ones (from their CRD), used by server-side apply, strategic merge, decoding and OpenAPI alike.
 */
export type TypeSchema = ScalarType | StructType | MapType | ListType | UntypedType;

export interface ScalarType {
  readonly kind: "scalar";
  readonly scalar:
    | "string"
    | "integer"
    | "number"
    | "boolean"
    | "quantity"
    | "intOrString"
    | "time"
    | "microTime"
    | "duration"
    | "bytes"
    | "any";
}

/** An object whose fields are declared. */
export interface StructType {
  readonly kind: "struct";
  /** Name of the definition, where it has one: `io.k8s.api.core.v1.PodSpec`. */
  readonly name?: string;
  /** Undefined for a field that is not declared. Types may be recursive: fields are looked up, not nested. */
  field(name: string): Field | undefined;
  /** Declared names, in the order in which Kubernetes writes them. */
  readonly names: readonly string[];
  /** Owned and merged as a whole (`x-kubernetes-map-type: atomic`). */
  readonly atomic: boolean;
  /** Undeclared fields are kept, with types deduced (`x-kubernetes-preserve-unknown-fields`). */
  readonly preserveUnknown: boolean;
}

/** An object with any keys and values of one type. */
export interface MapType {
  readonly kind: "map";
  readonly value: TypeSchema;
  readonly atomic: boolean;
}

export interface ListType {
  readonly kind: "list";
  readonly item: TypeSchema;
  /** `atomic`: owned as a whole; `set`: by value; `map`: by the fields in `keys`. */
  readonly listType: "atomic" | "set" | "map";
  /** Only for `map`. */
  readonly keys: readonly string[];
}

/** Nothing is declared: maps count as structs of fields, lists as atomic, the rest as scalars. */
export interface UntypedType {
  readonly kind: "untyped";
}

export interface Field {
  readonly type: TypeSchema;
  /** Explicit default of the schema. For list keys it stands in for a missing key (`protocol`: `TCP`). */
  readonly default?: Json;
  /** How strategic merge treats it, for built-in kinds. Source: `x-kubernetes-patch-strategy`. */
  readonly patchStrategy?: readonly ("merge" | "replace" | "retainKeys")[];
  /** Key of a keyed merge list. Source: `x-kubernetes-patch-merge-key`. */
  readonly patchMergeKey?: string;
  readonly required?: boolean;
  /**
   * Every object of Kubernetes' own has the field, be it empty: in Go it is a struct rather than a pointer, or a list
   * or map that is written even when nil. So nobody comes to own its mere existence. Unset: false.
   */
  readonly alwaysPresent?: boolean;
}

export const untyped: UntypedType = { kind: "untyped" };
