import { type ConfigMap, fieldError, type Secret } from "@homeostat/api";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ObjectStorageParams } from "../storage/params.ts";
import {
  caConfigMapName,
  resolveStorage,
  type StorageFinding,
  type StorageRequest,
  type StorageResult,
} from "../storage/resolve.ts";
import { type Input, objectKey } from "./read-documents.ts";

/** What stands for a storage Secret that the input does not hold. */
export interface StorageOverrides {
  /** Default `http://minio.minio.svc:9000`. */
  readonly s3Endpoint?: string;
  /** Default `tempo`. */
  readonly s3Bucket?: string;
  /** Default `tempo`. */
  readonly gcsBucket?: string;
  /** Default `azure`. */
  readonly azureContainer?: string;
}

export interface StorageOfInput {
  readonly result: StorageResult<ObjectStorageParams>;
  readonly warnings: readonly string[];
}

/**
 * Where a resource keeps traces: by the Secret and ConfigMap of the input, else by the overrides. Those are enough where
 * pods read the credentials from the Secret themselves; the other modes need to know what is in it.
 */
export function storageOfInput(
  request: StorageRequest,
  namespace: string,
  { secrets, configMaps }: Input,
  overrides: StorageOverrides,
  settings: OperatorSettings,
): StorageOfInput {
  const given = secrets.get(objectKey(namespace, request.secretName));
  const caName = caConfigMapName(request);
  const ca = caName === undefined ? undefined : configMaps.get(objectKey(namespace, caName));
  if (!given && (request.mode === "token" || request.mode === "token-cco"))
    return { result: { findings: [unknowable(request)] }, warnings: [] };
  const secret = { found: given ?? assumedSecret(request, overrides) };
  const caConfigMap = caName === undefined ? {} : { caConfigMap: { found: ca ?? assumedCa } };
  return {
    result: resolveStorage(request, { secret, ...caConfigMap }, settings),
    warnings:
      caName !== undefined && ca === undefined
        ? [
            `${request.fields.tls}.caName: ConfigMap ${caName} is not in the input: it is taken to have key ${assumedKey}`,
          ]
        : [],
  };
}

const assumedKey = "service-ca.crt";
const assumedCa: ConfigMap = { data: { [assumedKey]: "" } };

function unknowable({ fields, mode, secretName }: StorageRequest): StorageFinding {
  const detail = `mode ${mode} needs what is in Secret ${secretName}: put it into the input, as a document of its own`;
  return { ...fieldError.invalid(fields.mode, mode, detail), field: fields.mode, detail, isAbsence: false };
}

function assumedSecret({ type, secretName }: StorageRequest, overrides: StorageOverrides): Secret {
  // Pods read these from the real Secret.
  const credential = "read by the pods";
  const {
    s3Endpoint = "http://minio.minio.svc:9000",
    s3Bucket = "tempo",
    gcsBucket = "tempo",
    azureContainer = "azure",
  } = overrides;
  const data = {
    s3: { bucket: s3Bucket, endpoint: s3Endpoint, access_key_id: credential, access_key_secret: credential },
    azure: { container: azureContainer, account_name: credential, account_key: credential },
    gcs: { bucketname: gcsBucket, "key.json": "{}" },
  };
  return { metadata: { name: secretName }, stringData: data[type] };
}
