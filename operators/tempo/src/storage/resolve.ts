import { type ConfigMap, fieldError, type Secret, type StatusCause } from "@homeostat/api";
import type { CredentialMode, StorageType } from "../api/object-storage.ts";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import type { TempoStackSpec } from "../api/tempo-stack.ts";
import type { Lookup } from "../lookup.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { readAzureSecret } from "./azure.ts";
import { readGcsSecret } from "./gcs.ts";
import type { ObjectStorageParams, StorageParams, StorageTls } from "./params.ts";
import { readS3Secret } from "./s3.ts";
import { type SecretData, type SecretReading, secretData } from "./secret-data.ts";

type TlsSpec = NonNullable<TempoStackSpec["storage"]["tls"]>;

/** What a resource says about its object store, whichever kind it is of. */
export interface StorageRequest {
  readonly type: StorageType;
  readonly secretName: string;
  readonly mode?: CredentialMode;
  readonly tls?: TlsSpec;
  /** Paths of the fields, for findings. */
  readonly fields: { readonly secret: string; readonly type: string; readonly mode: string; readonly tls: string };
}

/** The objects that a request refers to. */
export interface StorageObjects {
  readonly secret: Lookup<Secret>;
  /** Only looked at where {@link caConfigMapName} names one. */
  readonly caConfigMap?: Lookup<ConfigMap>;
}

/** A finding about storage. `isAbsence`: an object is not there yet, which a webhook lets pass with a warning. */
export interface StorageFinding extends StatusCause {
  readonly field: string;
  /** What is wrong, without the value: what conditions say. */
  readonly detail: string;
  readonly isAbsence: boolean;
}

export type StorageResult<P extends StorageParams = StorageParams> =
  | { readonly params: P; readonly warnings: readonly string[] }
  | { readonly findings: readonly StorageFinding[] };

/** The request of a stack. */
export function stackStorageRequest({ storage }: Pick<TempoStackSpec, "storage">): StorageRequest {
  const { secret, tls } = storage;
  return {
    type: secret.type,
    secretName: secret.name,
    ...(secret.credentialMode ? { mode: secret.credentialMode } : {}),
    ...(tls ? { tls } : {}),
    fields: {
      secret: "spec.storage.secret.name",
      type: "spec.storage.secret.type",
      mode: "spec.storage.secret.credentialMode",
      tls: "spec.storage.tls",
    },
  };
}

/** The request of a TempoMonolithic; local storage needs none, and a backend without its block is a finding. */
export function monolithicStorageRequest(
  spec: TempoMonolithicSpec,
): { readonly request: StorageRequest } | StorageResult<StorageParams> {
  const traces = spec.storage?.traces;
  const backend = traces?.backend ?? "memory";
  if (backend === "memory" || backend === "pv") return { params: { type: backend }, warnings: [] };
  const path = `spec.storage.traces.${backend}`;
  const block = traces?.[backend];
  if (!block) return { findings: [finding(path, "", "please specify a storage secret")] };
  const s3 = backend === "s3" ? traces?.s3 : undefined;
  return {
    request: {
      type: backend,
      secretName: block.secret,
      ...(s3?.credentialMode ? { mode: s3.credentialMode } : {}),
      ...(s3?.tls ? { tls: s3.tls } : {}),
      fields: {
        secret: `${path}.secret`,
        type: "spec.storage.traces.backend",
        mode: `${path}.credentialMode`,
        tls: `${path}.tls`,
      },
    },
  };
}

/** Name of the ConfigMap with the CA that must be looked up for `request`; undefined for none. */
export function caConfigMapName({ tls }: StorageRequest): string | undefined {
  return tls?.enabled && tls.caName ? tls.caName : undefined;
}

/** Everything Tempo must be told about its object store, or everything that stands in the way. */
export function resolveStorage(
  request: StorageRequest,
  objects: StorageObjects,
  settings: Pick<OperatorSettings, "roleArn">,
): StorageResult<ObjectStorageParams> {
  const { type, mode, tls, fields } = request;
  if (!Object.hasOwn(readers, type)) return refuse(fields.type, type, `${type} is not an allowed storage secret type`);
  if ("error" in objects.secret) return { findings: [absentSecret(request, objects.secret.error)] };
  if (mode === "token-cco" && type !== "s3")
    return refuse(fields.mode, mode, `credential mode ${mode} is not supported for ${type}: use static or token`);
  if (mode === "token-cco" && !settings.roleArn)
    return refuse(fields.mode, mode, "cannot configure tempo in CCO mode without CCO environment: set ROLEARN");
  const reading = readers[type](secretData(objects.secret.found), mode);
  const security = resolveTls(request, objects);
  const findings = [
    ...(isProblems(reading) ? reading.map((text) => finding(fields.secret, request.secretName, text)) : []),
    ...("findings" in security ? security.findings : []),
  ];
  if (findings.length > 0 || isProblems(reading) || "findings" in security) return { findings };
  const { params, warnings = [] } = reading;
  if (params.type !== "s3") return { params, warnings };
  return {
    params: { ...params, ...(security.tls ? { tls: security.tls } : {}) },
    warnings: [
      ...warnings,
      ...(params.mode === "static" && params.isHttps && !tls?.enabled ? [plainHttp(fields)] : []),
    ],
  };
}

const readers: Readonly<
  Record<StorageType, (data: SecretData, mode: CredentialMode | undefined) => SecretReading<ObjectStorageParams>>
> = {
  s3: readS3Secret,
  azure: (data, mode) => readAzureSecret(data, shortMode(mode)),
  gcs: (data, mode) => readGcsSecret(data, shortMode(mode)),
};

/** The modes that every store has; the third has been refused before. */
const shortMode = (mode: CredentialMode | undefined) => (mode === "token-cco" ? undefined : mode);

const isProblems = (reading: SecretReading<ObjectStorageParams>): reading is readonly string[] =>
  Array.isArray(reading);

const plainHttp = (fields: StorageRequest["fields"]) =>
  `the endpoint in the storage secret starts with https://, yet ${fields.tls}.enabled is not true: a TempoStack then speaks plain HTTP to it`;

function finding(field: string, value: unknown, detail: string, isAbsence = false): StorageFinding {
  return { ...fieldError.invalid(field, value, detail), field, detail, isAbsence };
}

function refuse(field: string, value: unknown, detail: string): { readonly findings: readonly StorageFinding[] } {
  return { findings: [finding(field, value, detail)] };
}

function absentSecret({ fields, secretName }: StorageRequest, error: string): StorageFinding {
  return finding(
    fields.secret,
    secretName,
    `could not fetch storage configuration secret: ${error}; Tempo starts once the secret is available`,
    true,
  );
}

const caKeys = ["service-ca.crt", "ca.crt", "ca-bundle.crt"] as const;

function resolveTls(
  request: StorageRequest,
  { caConfigMap }: StorageObjects,
): { readonly tls?: StorageTls } | { readonly findings: readonly StorageFinding[] } {
  const { type, tls, fields } = request;
  if (!tls?.enabled) return {};
  if (type !== "s3")
    return refuse(`${fields.tls}.enabled`, true, `custom TLS is not supported for ${type} storage: leave it out`);
  const { caName, certName, minVersion, cipherSuites } = tls;
  const stated = {
    ...(certName ? { certSecret: certName } : {}),
    ...(minVersion ? { minVersion } : {}),
    ...(cipherSuites ? { cipherSuites } : {}),
  };
  if (!caName) return { tls: stated };
  const field = `${fields.tls}.caName`;
  if (caConfigMap === undefined || "error" in caConfigMap) {
    const error = caConfigMap === undefined ? `${caName} was not looked up` : caConfigMap.error;
    return { findings: [finding(field, caName, `could not fetch ConfigMap: ${error}`, true)] };
  }
  const key = caKeys.find((one) => caConfigMap.found.data?.[one] !== undefined);
  if (key === undefined)
    return refuse(field, caName, `CA ConfigMap must contain ${caKeys.join(", ").replace(/, (?=[^,]*$)/, " or ")}`);
  return { tls: { ca: { configMap: caName, key }, ...stated } };
}
