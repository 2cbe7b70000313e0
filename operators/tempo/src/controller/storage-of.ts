import type { ObjectStorageParams, StorageParams } from "../storage/params.ts";
import type { StorageResult } from "../storage/resolve.ts";
import type { Verdict } from "../validation/verdict.ts";
import { ConfigurationError } from "./configuration-error.ts";

/** What was found out about storage. @throws ConfigurationError with everything that is wrong with it */
export function storageOf(result: StorageResult<StorageParams> | undefined): StorageParams {
  if (result && "params" in result) return result.params;
  const details = (result?.findings ?? []).map(({ detail }) => detail);
  throw new ConfigurationError("InvalidStorageConfig", details.join(", ") || "storage was not looked at");
}

/** The same where only an object store will do. */
export function objectStorageOf(result: StorageResult<StorageParams> | undefined): ObjectStorageParams {
  const params = storageOf(result);
  if (isObjectStorage(params)) return params;
  throw new ConfigurationError("InvalidStorageConfig", `"${params.type}" is not an allowed storage secret type`);
}

const isObjectStorage = (params: StorageParams): params is ObjectStorageParams =>
  params.type !== "memory" && params.type !== "pv";

const tenantsField = /^spec\.(template\.tenants|multitenancy\.enabled)$/;

/** Refuses a name that nothing can be made of. @throws ConfigurationError with the problem */
export function refuseName(problem: string | undefined): void {
  if (problem !== undefined) throw new ConfigurationError("InvalidConfiguration", `metadata.name: ${problem}`);
}

/**
 * Refuses what validation refuses, for objects that no webhook has seen.
 *
 * @throws ConfigurationError naming the fields; storage is looked at before
 */
export function refuseInvalid({ errors }: Verdict): void {
  if (errors.length === 0) return;
  // The Go operator asks for nothing else again once its webhook has been passed by.
  const tenants = errors.find(({ field }) => tenantsField.test(field ?? ""));
  if (tenants)
    throw new ConfigurationError("InvalidTenantsConfiguration", `Invalid tenants configuration: ${tenants.message}`);
  const text = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  throw new ConfigurationError("InvalidConfiguration", text);
}
