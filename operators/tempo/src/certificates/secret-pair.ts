import type { Secret } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";

/** Certificate and key of a Secret of type `kubernetes.io/tls`; empty where it has none. */
export function pairOf({ data = {} }: Secret): CertificateAndKey {
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString();
  return { certificate: text("tls.crt"), key: text("tls.key") };
}

/** The same, as a Secret holds it. */
export function pairData({ certificate, key }: CertificateAndKey): Readonly<Record<string, string>> {
  return { "tls.crt": Buffer.from(certificate).toString("base64"), "tls.key": Buffer.from(key).toString("base64") };
}
