import type { EnvVar } from "@homeostat/api";
import {
  type AzureParams,
  type GcsParams,
  type S3Params,
  type StorageParams,
  tokenFile,
} from "../../storage/params.ts";
import { joinParts, type PodPart } from "./pod-part.ts";
import { secretPart, tlsFilesPart } from "./volumes.ts";

/** What storage needs to know of the instance. */
export interface StorageWiring {
  /** Secret with the credentials. */
  readonly secretName: string;
  /** Secret that the cloud credential operator writes for the instance: {@link managedCredentialsName}. */
  readonly managedCredentials: string;
  /** Role to take on in mode token-cco. */
  readonly roleArn?: string | undefined;
}

/** Secret that the cloud credential operator writes, in mode token-cco. */
export const managedCredentialsName = (instance: string): string => `${instance}-managed-credentials`;

/** How a container of Tempo comes by its credentials for the object store. Local storage needs none. */
export function storagePart(params: StorageParams, wiring: StorageWiring): PodPart {
  if (params.type === "s3") return s3Part(params, wiring);
  if (params.type === "azure") return azurePart(params, wiring);
  if (params.type === "gcs") return gcsPart(params, wiring);
  return {};
}

function s3Part(params: S3Params, wiring: StorageWiring): PodPart {
  // A webhook of the platform mounts what is needed; the file system's own certificates must do.
  if (params.mode === "token") return {};
  const credentials = params.mode === "static" ? s3KeysPart(wiring) : ccoPart(params, wiring);
  return joinParts([credentials, s3TlsPart(params)]);
}

function s3KeysPart({ secretName }: StorageWiring): PodPart {
  return {
    args: ["--storage.trace.s3.secret_key=$(S3_SECRET_KEY)", "--storage.trace.s3.access_key=$(S3_ACCESS_KEY)"],
    env: [
      fromSecret("S3_SECRET_KEY", secretName, "access_key_secret"),
      fromSecret("S3_ACCESS_KEY", secretName, "access_key_id"),
    ],
  };
}

/** OpenShift's cloud credential operator writes a profile, which names a role to take on with a token of the pod. */
function ccoPart({ region = "" }: S3Params, { managedCredentials, roleArn = "" }: StorageWiring): PodPart {
  const folder = "/etc/storage/token-auth";
  const env: readonly EnvVar[] = [
    { name: "AWS_SHARED_CREDENTIALS_FILE", value: `${folder}/credentials` },
    { name: "AWS_SDK_LOAD_CONFIG", value: "true" },
    { name: "AWS_WEB_IDENTITY_TOKEN_FILE", value: tokenFile },
    { name: "AWS_ROLE_ARN", value: roleArn },
    { name: "AWS_DEFAULT_REGION", value: region },
  ];
  const profile = secretPart(managedCredentials, folder, { volume: "token-auth-config" });
  return joinParts([{ env }, profile, tokenPart("sts.amazonaws.com")]);
}

const tlsFolder = "/var/run/tls/storage";

const s3TlsPart = ({ tls }: S3Params): PodPart =>
  tlsFilesPart({ ca: tls?.ca?.configMap, cert: tls?.certSecret }, { ca: `${tlsFolder}/ca`, cert: `${tlsFolder}/cert` });

function azurePart({ mode, audience = "" }: AzureParams, { secretName }: StorageWiring): PodPart {
  const account: PodPart = {
    args: ["--storage.trace.azure.storage_account_name=$(AZURE_ACCOUNT_NAME)"],
    env: [fromSecret("AZURE_ACCOUNT_NAME", secretName, "account_name")],
  };
  if (mode === "static") {
    const key: PodPart = {
      args: ["--storage.trace.azure.storage_account_key=$(AZURE_ACCOUNT_KEY)"],
      env: [fromSecret("AZURE_ACCOUNT_KEY", secretName, "account_key")],
    };
    return joinParts([account, key]);
  }
  const env: readonly EnvVar[] = [
    fromSecret("AZURE_CLIENT_ID", secretName, "client_id"),
    fromSecret("AZURE_TENANT_ID", secretName, "tenant_id"),
    { name: "AZURE_FEDERATED_TOKEN_FILE", value: tokenFile },
  ];
  return joinParts([account, { env }, tokenPart(audience)]);
}

function gcsPart({ mode, audience = "" }: GcsParams, { secretName }: StorageWiring): PodPart {
  const folder = "/etc/storage/secrets/";
  const key: PodPart = {
    ...secretPart(secretName, folder, { volume: "storage-gcs-key", readOnly: true }),
    env: [{ name: "GOOGLE_APPLICATION_CREDENTIALS", value: `${folder}key.json` }],
  };
  return joinParts([key, mode === "token" ? tokenPart(audience) : undefined]);
}

const tokenVolume = "bound-sa-token";
/** As the credentials files of users state it. */
const tokenPath = "token";

/** A token of the pod's service account for the cloud named by `audience`; the kubelet renews it every hour. */
function tokenPart(audience: string): PodPart {
  const token = { audience, expirationSeconds: 3600, path: tokenPath };
  return {
    mounts: [{ name: tokenVolume, mountPath: tokenFile.slice(0, -tokenPath.length - 1) }],
    volumes: [{ name: tokenVolume, projected: { sources: [{ serviceAccountToken: token }] } }],
  };
}

const fromSecret = (name: string, secret: string, key: string): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});
