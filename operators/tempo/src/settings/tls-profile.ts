import { outdatedSuites } from "./cipher-suites.ts";

/** Lowest TLS version, and cipher suites, that components accept and offer. */
export interface TlsProfile {
  /** Go's name of the version: `VersionTLS13`. */
  readonly minVersion: string;
  /** IANA names, in order of preference. */
  readonly cipherSuites: readonly string[];
}

const tls13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"] as const;
const tls12 = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
] as const;

/** The profiles of OpenShift, with those of their suites that Go has. */
export const tlsProfiles = {
  Modern: { minVersion: "VersionTLS13", cipherSuites: tls13 },
  Old: { minVersion: "VersionTLS10", cipherSuites: [...tls13, ...tls12, ...outdatedSuites] },
  Intermediate: { minVersion: "VersionTLS12", cipherSuites: [...tls13, ...tls12] },
} as const satisfies Readonly<Record<string, TlsProfile>>;

/** `VersionTLS13` → `1.3`, as receivers and the gateway want it; what is no such name stays as it is. */
export function shortTlsVersion(version: string): string {
  return version.replace(/^VersionTLS(\d)(\d)$/, "$1.$2");
}
