// What writes of objects need of field ownership: apply, and every other write.
export { type ApplyOptions, type ApplyResult, applyConfiguration } from "./apply-configuration.ts";
export { differsOnlyInTimes } from "./managed-fields.ts";
export { type FieldWrite, type RecordUpdateOptions, recordUpdate } from "./record-update.ts";
export { TypedError } from "./typed-error.ts";
