import type { CredentialMode } from "../api/object-storage.ts";

/** Where a projected service account token lies in the pods, in the token modes. */
export const tokenFile = "/var/run/secrets/storage/serviceaccount/token";

/** Files for TLS towards an S3 endpoint. */
export interface StorageTls {
  /** ConfigMap with the CA, and the key it was found under. Absent: the system's certificates. */
  readonly ca?: { readonly configMap: string; readonly key: string };
  /** Secret with tls.crt and tls.key. Absent: no client certificate. */
  readonly certSecret?: string;
  /** As the resource states it; absent: the operator's profile. */
  readonly minVersion?: string;
  readonly cipherSuites?: readonly string[];
}

export interface S3Params {
  readonly type: "s3";
  readonly mode: CredentialMode;
  readonly bucket: string;
  /** Host and port, without scheme; in the token modes that of AWS in the region. */
  readonly endpoint: string;
  /** Whether the Secret's endpoint starts with `https://`; true in the token modes. */
  readonly isHttps: boolean;
  /** Only in the token modes. */
  readonly region?: string;
  /** Only in mode token. */
  readonly roleArn?: string;
  /** Only where the resource turns TLS on. */
  readonly tls?: StorageTls;
}

export interface AzureParams {
  readonly type: "azure";
  readonly mode: "static" | "token";
  readonly container: string;
  readonly accountName: string;
  /** Audience of the projected token. Only in mode token, as the next two. */
  readonly audience?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
}

export interface GcsParams {
  readonly type: "gcs";
  readonly mode: "static" | "token";
  readonly bucket: string;
  /** Audience of the projected token. Only in mode token. */
  readonly audience?: string;
}

export type ObjectStorageParams = S3Params | AzureParams | GcsParams;
/** What only a TempoMonolithic can have: a tmpfs, or a PersistentVolumeClaim. */
export interface LocalParams {
  readonly type: "memory" | "pv";
}
export type StorageParams = ObjectStorageParams | LocalParams;
