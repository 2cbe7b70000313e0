import type { Secret } from "@homeostat/api";

/** The entries of a Secret as text. */
export type SecretData = Readonly<Record<string, string>>;

export function secretData(secret: Secret): SecretData {
  const stored = Object.entries(secret.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString("utf8"),
  ]);
  // Seen only where no API server has read the Secret, as with manifests on disk.
  return { ...Object.fromEntries(stored), ...secret.stringData };
}

/** One message for each key that is missing or empty. */
export function missingKeys(data: SecretData, keys: readonly string[]): string[] {
  return keys.filter((key) => !data[key]).map((key) => `storage secret must contain "${key}" field`);
}

export const bothKinds =
  "storage secret has fields for long lived and short lived configuration: keep only those of one kind";

/** What reading a Secret of one kind of store gives: parameters, or everything that is wrong with it. */
export type SecretReading<P> = { readonly params: P; readonly warnings?: readonly string[] } | readonly string[];
