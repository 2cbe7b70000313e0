import type { Secret, Stored } from "@homeostat/api";
import { caBundle, checkPair, type KeptCertificates, splitPem } from "./certificate-plan.ts";

/**
 * How certificates lie in a Secret of type `kubernetes.io/tls`: what is served under the usual keys, so that other
 * programs can mount it, with the bundle to trust as `ca.crt` (who signs first); beside them the keys of the
 * authorities.
 */
const keys = ["tls.crt", "tls.key", "ca.crt", "ca.key", "next-ca.crt", "next-ca.key"] as const;

/**
 * @returns undefined for a Secret without certificates, which is to be filled
 * @throws Error where what lies in it cannot be used: another program's, or broken
 */
export function readCertificates(secret: Secret): KeptCertificates | undefined {
  const text = (key: (typeof keys)[number]): string => Buffer.from(secret.data?.[key] ?? "", "base64").toString("utf8");
  if (keys.every((key) => text(key) === "")) return undefined;
  try {
    const serving = { certificate: text("tls.crt"), key: text("tls.key") };
    const [signer = "", ...others] = splitPem(text("ca.crt"));
    const authority = { certificate: signer, key: text("ca.key") };
    const next = text("next-ca.key") && { certificate: text("next-ca.crt"), key: text("next-ca.key") };
    for (const pair of [serving, authority, ...(next ? [next] : [])]) checkPair(pair);
    const previous = next ? others.filter((certificate) => certificate.trim() !== next.certificate.trim()) : others;
    return { serving, authority, ...(next ? { next } : {}), previous };
  } catch (error) {
    const { namespace, name } = secret.metadata ?? {};
    throw new Error(
      `secret ${namespace}/${name} holds certificates that cannot be used: ${(error as Error).message}; delete it to have new ones made, or name another one`,
      { cause: error },
    );
  }
}

/** The Secret with these certificates. @param old what there is; its other keys and its metadata stay */
export function writeCertificates(
  old: Stored<Secret> | undefined,
  name: { readonly namespace: string; readonly name: string },
  kept: KeptCertificates,
): Secret {
  const data: Record<string, string> = { ...old?.data };
  for (const key of keys) delete data[key];
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  data["tls.crt"] = base64(kept.serving.certificate);
  data["tls.key"] = base64(kept.serving.key);
  data["ca.crt"] = base64(caBundle(kept));
  data["ca.key"] = base64(kept.authority.key);
  if (kept.next) {
    data["next-ca.crt"] = base64(kept.next.certificate);
    data["next-ca.key"] = base64(kept.next.key);
  }
  return old ? { ...old, data } : { metadata: name, type: "kubernetes.io/tls", data };
}
