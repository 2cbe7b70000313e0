import { type BuiltinResource, loadBuiltinResources } from "./builtin-resource.ts";
import { decodeBuiltin } from "./builtin-schema.ts";
import { builtinKindType, builtinType, builtinTypes, createBuiltinTypes } from "./builtin-types.ts";
import type { TypeSchema } from "./type-schema.ts";

/** What the rest of the server needs of the built-in kinds: the resources served, their types, and decoding. */
export type { BuiltinResource, BuiltinSubresource } from "./builtin-resource.ts";
export { findBuiltinResource } from "./builtin-resource.ts";
export type { BuiltinDefinition, BuiltinField, BuiltinTypes } from "./builtin-types.ts";
export { builtinKindType, builtinType, builtinTypes, createBuiltinTypes, decodeBuiltin, loadBuiltinResources };

/** The type of a resource's objects. */
export function builtinSchemaType(resource: Pick<BuiltinResource, "definition">): TypeSchema {
  return builtinType(resource.definition);
}
