import { shortTlsVersion, type TlsProfile } from "../settings/tls-profile.ts";
import type { StorageTls } from "../storage/params.ts";
import { quoted, wide, type YamlBlock, type YamlScalar } from "./yaml-text.ts";

/** Where components find the certificates that they show each other. */
export const certificates = {
  ca: "/var/run/ca/service-ca.crt",
  cert: "/var/run/tls/server/tls.crt",
  key: "/var/run/tls/server/tls.key",
} as const;

const suites = (names: readonly string[]): string | undefined => (names.length > 0 ? names.join(",") : undefined);

/** `tls_cipher_suites` and `tls_min_version`, in this order. */
export function profileKeys({ minVersion, cipherSuites }: TlsProfile) {
  return { tls_cipher_suites: suites(cipherSuites), tls_min_version: minVersion };
}

/** How a component speaks to another one over gRPC. */
export function clientTls(
  serverName: string,
  profile: TlsProfile,
  { certPath = certificates.cert, skipVerify }: { readonly certPath?: YamlScalar; readonly skipVerify?: false } = {},
): YamlBlock {
  return {
    tls_enabled: true,
    tls_cert_path: certPath,
    tls_key_path: certificates.key,
    tls_ca_path: certificates.ca,
    tls_server_name: serverName,
    tls_insecure_skip_verify: skipVerify,
    ...profileKeys(profile),
  };
}

/** TLS of a receiver in a TempoStack. */
export interface ReceiverTls {
  /** With it, clients must show a certificate. */
  readonly clientCa?: string;
  readonly cert: string;
  readonly key: string;
  /** `1.3`. */
  readonly minVersion: string;
  readonly cipherSuites: readonly string[];
}

export function receiverTls({ clientCa, cert, key, minVersion, cipherSuites }: ReceiverTls): YamlBlock {
  const ciphers = suites(cipherSuites);
  return {
    client_ca_file: clientCa === undefined ? undefined : wide(clientCa),
    cert_file: cert,
    key_file: key,
    min_version: quoted(minVersion),
    cipher_suites: ciphers === undefined ? undefined : quoted(ciphers),
  };
}

/** The operator's own certificates, for receivers behind the gateway. */
export function internalReceiverTls({ minVersion, cipherSuites }: TlsProfile): ReceiverTls {
  const { ca, cert, key } = certificates;
  return { clientCa: ca, cert, key, minVersion: shortTlsVersion(minVersion), cipherSuites };
}

const storageFolder = "/var/run/tls/storage";

/** The `tls_*` keys of an S3 endpoint. */
export function storageTls(tls: StorageTls | undefined, profile: TlsProfile) {
  if (tls === undefined) return {};
  return {
    tls_ca_path: tls.ca ? `${storageFolder}/ca/${tls.ca.key}` : undefined,
    tls_cert_path: tls.certSecret ? `${storageFolder}/cert/tls.crt` : undefined,
    tls_key_path: tls.certSecret ? `${storageFolder}/cert/tls.key` : undefined,
    tls_min_version: tls.minVersion ?? profile.minVersion,
    tls_cipher_suites: suites(tls.cipherSuites ?? profile.cipherSuites),
  };
}
