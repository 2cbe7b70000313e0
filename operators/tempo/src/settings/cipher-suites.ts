/**
 * OpenSSL's names of cipher suites, by which OpenShift's profiles name them, and the IANA names that programs in Go
 * want. Only suites that Go has: Tempo refuses to start with others. Source: Go, crypto/tls; OpenSSL, ciphers(1).
 */
const ianaNames: Readonly<Record<string, string>> = {
  "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
  "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
  "ECDHE-ECDSA-AES128-SHA": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
  "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
  "ECDHE-ECDSA-AES256-SHA": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
  "ECDHE-RSA-AES256-SHA": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
  "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
  "AES256-GCM-SHA384": "TLS_RSA_WITH_AES_256_GCM_SHA384",
  "AES128-SHA256": "TLS_RSA_WITH_AES_128_CBC_SHA256",
  "AES128-SHA": "TLS_RSA_WITH_AES_128_CBC_SHA",
  "AES256-SHA": "TLS_RSA_WITH_AES_256_CBC_SHA",
  "DES-CBC3-SHA": "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
};

/** Suites by their IANA names, whichever name each is given by, in order; those that Go does not have are left out. */
export function ianaCipherSuites(names: readonly string[]): readonly string[] {
  // Those of TLS 1.3 have one name only.
  return names.flatMap((name) => (name.startsWith("TLS_") ? [name] : (ianaNames[name] ?? [])));
}

/** Every suite of OpenShift's profile Old that is not in Intermediate. */
export const outdatedSuites: readonly string[] = Object.values(ianaNames).slice(6);
