import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import type { TempoStackSpec } from "../api/tempo-stack.ts";
import { defaultMonolithic } from "../defaults/default-monolithic.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import { defaultGates, type FeatureGates } from "../settings/feature-gates.ts";
import { communitySettings, type OperatorSettings } from "../settings/operator-settings.ts";
import type { ObjectStorageParams, StorageParams } from "../storage/params.ts";
import { type InstanceInput, type MonolithicInput, type StackInput, unknownApiServer } from "./input.ts";

/** What a test says of an instance besides its spec. */
export interface Circumstances {
  readonly name?: string;
  readonly gates?: Partial<FeatureGates>;
  readonly settings?: Partial<OperatorSettings>;
  readonly more?: Partial<InstanceInput>;
}

export const minio: ObjectStorageParams = {
  type: "s3",
  mode: "static",
  bucket: "tempo",
  endpoint: "minio:9000",
  isHttps: false,
};

/** Input of a stack `simplest` in the namespace `shop`, defaulted as the operator does it. */
export function stackInput(
  spec: Partial<TempoStackSpec> = {},
  circumstances: Circumstances & { readonly storage?: ObjectStorageParams } = {},
): StackInput {
  const { settings, ...instance } = instanceInput("simplest", circumstances);
  const { storage = minio } = circumstances;
  const given = {
    managementState: "Managed" as const,
    storage: { secret: { name: "minio", type: "s3" as const } },
    storageSize: "10Gi",
    ...spec,
  };
  const stack = defaultStack({ metadata: { name: instance.name, namespace: "shop" }, spec: given }, settings);
  return { ...instance, settings, spec: stack.spec, storage, scaled: new Map() };
}

/** Input of a TempoMonolithic `single` in the namespace `shop`. */
export function monolithicInput(
  spec: TempoMonolithicSpec = {},
  circumstances: Circumstances & { readonly storage?: StorageParams } = {},
): MonolithicInput {
  const { settings, ...instance } = instanceInput("single", circumstances);
  const { storage = { type: "memory" } } = circumstances;
  const monolithic = defaultMonolithic({ metadata: { name: instance.name, namespace: "shop" }, spec }, settings);
  return { ...instance, settings, spec: monolithic.spec, storage };
}

function instanceInput(
  defaultName: string,
  { name = defaultName, gates, settings, more }: Circumstances,
): InstanceInput {
  return {
    name,
    namespace: "shop",
    settings: { ...communitySettings, gates: { ...defaultGates, ...gates }, ...settings },
    tenants: new Map(),
    apiServer: unknownApiServer,
    ...more,
  };
}
