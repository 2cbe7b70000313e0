// What operators and tools need.

export * from "./clock.ts";
export * from "./conditions.ts";
export * from "./duration.ts";
export * from "./errors.ts";
export * from "./field-error.ts";
export * from "./field-selector.ts";
export * from "./finalizers.ts";
// Built-in kinds; names that several groups have carry their group.
export * from "./groups/index.ts";
export * from "./int-or-string.ts";
export * from "./label-selector.ts";
export * from "./names.ts";
export * from "./object.ts";
export * from "./owner-reference.ts";
export * from "./quantity.ts";
export * from "./resource.ts";
export * from "./schema/crd.ts";
// Kinds of one's own.
export * from "./schema/define.ts";
export * from "./schema/field-types.ts";
export { structuralSchema } from "./schema/structural.ts";
export * from "./status.ts";
// What library authors may need.
export * from "./transport.ts";
