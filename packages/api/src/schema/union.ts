import type { $ZodType } from "zod/v4/core";
import { SchemaError } from "../errors.ts";
import type { JSONSchemaProps } from "../groups/apiextensions-v1.ts";
import type { Json } from "../object.ts";
import { enumNode, joinIntAndString, type SchemaNode, structuralSchema } from "./structural.ts";

/**
 * Unions in a structural schema: types stand outside, the alternatives inside `anyOf` may only validate. So what can be
 * said is: null beside a type (`nullable`), enums (one longer enum), integer beside string, and objects whose common
 * fields agree.
 */
export function convertUnion(options: readonly $ZodType[], path: string, within: readonly $ZodType[]): SchemaNode {
  const types = options.filter((option) => option._zod.def.type !== "null");
  if (types.length < options.length) {
    const inner = types.length === 1 ? structuralSchema(types[0]!, path, within) : convertUnion(types, path, within);
    return { ...inner, nullable: true };
  }
  const nodes = options.map((option) => structuralSchema(option, path, within));
  if (nodes.every((node) => node.enum))
    return enumNode(
      nodes.flatMap((node) => node.enum as Json[]),
      path,
    );
  const kinds = nodes.map((node) => node.type);
  if (
    nodes.length === 2 &&
    kinds.includes("integer") &&
    kinds.includes("string") &&
    nodes.every((node) => !node.enum)
  ) {
    return joinIntAndString(nodes);
  }
  if (kinds.every((kind) => kind === "object")) return convertObjects(nodes, path);
  throw new SchemaError(
    path,
    `a field cannot be one of ${kinds.map((kind) => kind ?? "anything").join(", ")}: use one type, intOrString(), or z.unknown()`,
  );
}

/** What an alternative may say; anything else would be lost in the merged object. */
const mergeable = new Set(["type", "description", "properties", "required", "x-kubernetes-preserve-unknown-fields"]);

/** Merges alternatives: all fields outside, and under `anyOf` what tells the alternatives apart. */
function convertObjects(nodes: readonly SchemaNode[], path: string): SchemaNode {
  const extra = nodes.flatMap((node) => Object.keys(node)).find((key) => !mergeable.has(key));
  if (extra !== undefined) {
    throw new SchemaError(path, `an alternative of a union cannot carry ${extra}: put it on the union, or on a field`);
  }
  const properties: Record<string, JSONSchemaProps> = {};
  for (const node of nodes) {
    for (const [name, field] of Object.entries(node.properties ?? {})) {
      properties[name] =
        properties[name] === undefined ? field : mergeField(properties[name], field, `${path}.${name}`);
    }
  }
  const [first, ...others] = nodes;
  const common = (first?.required ?? []).filter((name) => others.every((node) => node.required?.includes(name)));
  const merged: SchemaNode = { type: "object", properties };
  if (common.length > 0) merged.required = common;
  if (nodes.some((node) => node["x-kubernetes-preserve-unknown-fields"]))
    merged["x-kubernetes-preserve-unknown-fields"] = true;
  merged.anyOf = nodes.map((node) => alternative(node, properties, common));
  return merged;
}

/** The bare validations of one alternative: the fields it needs beyond the common ones, and its own enum values. */
function alternative(
  node: SchemaNode,
  merged: Readonly<Record<string, JSONSchemaProps>>,
  common: readonly string[],
): SchemaNode {
  const narrowed = Object.entries(node.properties ?? {}).filter(
    ([name, field]) => field.enum && field.enum.length < (merged[name]?.enum?.length ?? 0),
  );
  const required = (node.required ?? []).filter((name) => !common.includes(name));
  return {
    ...(narrowed.length > 0
      ? { properties: Object.fromEntries(narrowed.map(([name, field]) => [name, { enum: field.enum! }])) }
      : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

function mergeField(a: JSONSchemaProps, b: JSONSchemaProps, path: string): JSONSchemaProps {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  if (a.enum && b.enum) return { ...a, ...b, ...enumNode([...a.enum, ...b.enum], path) };
  throw new SchemaError(
    path,
    "the alternatives of a union give this field different schemas: make them equal, or name the fields apart",
  );
}

/** Objects joined by `and()`: all fields of both. */
export function convertIntersection(parts: readonly $ZodType[], path: string, within: readonly $ZodType[]): SchemaNode {
  const nodes = parts.map((part) => structuralSchema(part, path, within));
  const properties: Record<string, JSONSchemaProps> = {};
  for (const node of nodes) {
    if (node.type !== "object" || node.additionalProperties || node.anyOf)
      throw new SchemaError(path, "only plain objects can be joined: use extend() or one z.object()");
    for (const [name, field] of Object.entries(node.properties ?? {})) {
      if (properties[name] !== undefined && JSON.stringify(properties[name]) !== JSON.stringify(field)) {
        throw new SchemaError(
          `${path}.${name}`,
          "both parts of an intersection name this field: use extend() or one z.object()",
        );
      }
      properties[name] = field;
    }
  }
  const required = [...new Set(nodes.flatMap((node) => node.required ?? []))];
  return Object.assign({}, ...nodes, { properties }, required.length > 0 ? { required } : {}) as SchemaNode;
}
