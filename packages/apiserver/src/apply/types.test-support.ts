import type { Json } from "@homeostat/api";
import type { Field, ListType, MapType, ScalarType, StructType, TypeSchema } from "../schema/type-schema.ts";

/** Types for tests, made of small parts. */

export const text: ScalarType = { kind: "scalar", scalar: "string" };
export const integer: ScalarType = { kind: "scalar", scalar: "integer" };

type Fields = Readonly<Record<string, TypeSchema | Field>>;
interface StructOptions {
  readonly atomic?: boolean;
  readonly preserveUnknown?: boolean;
}

export function struct(fields: Fields, { atomic = false, preserveUnknown = false }: StructOptions = {}): StructType {
  const declared = new Map(
    Object.entries(fields).map(([name, field]) => [name, "kind" in field ? { type: field } : field]),
  );
  return { kind: "struct", field: (name) => declared.get(name), names: [...declared.keys()], atomic, preserveUnknown };
}

export const mapOf = (value: TypeSchema, atomic = false): MapType => ({ kind: "map", value, atomic });
export const atomicList = (item: TypeSchema): ListType => ({ kind: "list", item, listType: "atomic", keys: [] });
export const setList = (item: TypeSchema): ListType => ({ kind: "list", item, listType: "set", keys: [] });
export const keyedList = (item: TypeSchema, ...keys: string[]): ListType => ({
  kind: "list",
  item,
  listType: "map",
  keys,
});
export const withDefault = (type: TypeSchema, value: Json): Field => ({ type, default: value });

const port = struct({ port: integer, protocol: withDefault(text, "TCP"), name: text, hostPort: integer });
const container = struct({
  name: text,
  image: text,
  args: atomicList(text),
  ports: keyedList(port, "port", "protocol"),
  env: keyedList(struct({ name: text, value: text }), "name"),
  resources: struct({ limits: mapOf(text) }),
});

const metadata = struct({
  name: text,
  namespace: text,
  uid: text,
  resourceVersion: text,
  creationTimestamp: text,
  generation: integer,
  labels: mapOf(text),
  annotations: mapOf(text),
  finalizers: setList(text),
  managedFields: atomicList({ kind: "untyped" }),
});

/** A kind with one field of every sort. */
export const widget = struct({
  apiVersion: text,
  kind: text,
  metadata,
  spec: struct({
    replicas: integer,
    paused: { kind: "scalar", scalar: "boolean" },
    selector: mapOf(text, true),
    strategy: struct({ type: text, rolling: struct({ surge: integer }) }),
    containers: keyedList(container, "name"),
    order: atomicList(text),
    free: { kind: "untyped" },
    open: struct({ known: text }, { preserveUnknown: true }),
  }),
  status: struct({ ready: integer, conditions: keyedList(struct({ type: text, status: text }), "type") }),
});
