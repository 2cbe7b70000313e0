export { TempoMonolithic, type TempoMonolithicSpec } from "./api/tempo-monolithic.ts";
export { TempoStack, type TempoStackSpec } from "./api/tempo-stack.ts";
