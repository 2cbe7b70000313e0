export { type ApplyOptions, type ApplyResult, applyConfiguration } from "./apply-configuration.ts";
export { type FieldWrite, type RecordUpdateOptions, recordUpdate } from "./record-update.ts";
