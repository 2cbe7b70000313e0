import type { TlsSettings } from "@homeostat/runtime/webhooks";
import type { TlsProfile } from "../settings/tls-profile.ts";

/** A profile in the words of Node, whose suites of TLS 1.2 have OpenSSL's names. */
export function tlsOptions({ minVersion, cipherSuites }: TlsProfile): TlsSettings {
  const version = /^VersionTLS(1)([0-3])$/.exec(minVersion);
  return {
    ...(version ? { minVersion: (version[2] === "0" ? "TLSv1" : `TLSv1.${version[2]}`) as "TLSv1.2" } : {}),
    ...(cipherSuites.length > 0 ? { ciphers: cipherSuites.map(opensslName).join(":") } : {}),
  };
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` → `ECDHE-RSA-AES128-GCM-SHA256`; names of TLS 1.3 are the same in both. */
function opensslName(suite: string): string {
  const match = /^TLS_(\w+?)_WITH_(\w+)$/.exec(suite);
  if (!match) return suite;
  const [, exchange = "", cipher = ""] = match;
  const short = cipher
    .replace(/^AES_(\d+)_CBC_/, "AES$1_")
    .replace(/^AES_(\d+)_/, "AES$1_")
    .replace(/^3DES_EDE_CBC_/, "DES_CBC3_")
    .replace("CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305");
  // Where RSA also exchanges the key, it goes without saying.
  return `${exchange === "RSA" ? "" : `${exchange}_`}${short}`.replaceAll("_", "-");
}
