export * from "./object.ts";
export * from "./resource.ts";
export * from "./status.ts";
export * from "./field-error.ts";
export * from "./transport.ts";
export * from "./clock.ts";
