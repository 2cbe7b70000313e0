import { createHash } from "node:crypto";
import type { ConfigMap, Secret } from "@homeostat/api";

/** What reloads workloads. */
export type SourceKind = "ConfigMap" | "Secret" | "SecretProviderClass";
export const sourceKinds: readonly SourceKind[] = ["ConfigMap", "Secret", "SecretProviderClass"];

/**
 * Hash of the marker that Stakater Reloader writes for a resource that is gone (annotations strategy): its SHA-1, so
 * that who compares sees the same value.
 */
export const deletedHash = sha1("__RELOADER_EMPTY_DELETE_MARKER__");

/** The three fingerprints of one content. Each is as somebody else reads it, except `digest`, which decides. */
export interface Fingerprints {
  /** Ours: unambiguous, and short enough to be kept on a workload for each of many resources. */
  readonly digest: string;
  /** Stakater Reloader's: SHA-1, in variables and annotations of pod templates. */
  readonly reloader: string;
  /** SHA-256 of the status and of the annotation last-hash; empty for no data. */
  readonly status: string;
}

type Content = Pick<Secret, "data"> | Pick<ConfigMap, "data" | "binaryData">;

/** Fingerprints of a Secret, whose data is base64. */
export function secretFingerprints(secret: Pick<Secret, "data">): Fingerprints {
  const entries = sorted(Object.entries(secret.data ?? {}).map(([key, value]) => [key, fromBase64(value)] as const));
  const lines = entries.map(([key, value]) => [`${key}=`, value] as const);
  return { digest: digest(entries), reloader: joined(lines), status: statusHash(entries) };
}

/** Fingerprints of a ConfigMap: text and binary data. */
export function configMapFingerprints(map: Pick<ConfigMap, "data" | "binaryData">): Fingerprints {
  const text = Object.entries(map.data ?? {});
  const binary = Object.entries(map.binaryData ?? {});
  const lines = [...text, ...binary].map(([key, value]) => [`${key}=`, Buffer.from(value)] as const);
  const merged = new Map<string, Buffer>(text.map(([key, value]) => [key, Buffer.from(value)]));
  for (const [key, value] of binary) merged.set(key, fromBase64(value));
  const entries = sorted([...merged]);
  return { digest: digest(entries), reloader: joined(lines), status: statusHash(entries) };
}

export function fingerprints(kind: "ConfigMap" | "Secret", object: Content): Fingerprints {
  return kind === "Secret" ? secretFingerprints(object) : configMapFingerprints(object);
}

/** Fingerprints of a SecretProviderClass as it is mounted: of the versions of its objects, not of their contents. */
export function mountFingerprints(
  name: string,
  objects: readonly { readonly id: string; readonly version: string }[],
): Fingerprints {
  const entries = sorted(objects.map(({ id, version }) => [id, Buffer.from(version)] as const));
  return {
    digest: digest(entries),
    reloader: secretProviderClassHash(name, objects),
    status: statusHash(entries),
  };
}

/** Of a CSI SecretProviderClass as it is mounted: versions of its objects, by id. */
export function secretProviderClassHash(
  name: string,
  objects: readonly { readonly id: string; readonly version: string }[],
): string {
  return sha1(
    [...objects.map(({ id, version }) => `${id}=${version}`), `SecretProviderClassName=${name}`].toSorted().join(";"),
  );
}

/**
 * Name of the variable that carries the hash of a resource: `my-config` of a ConfigMap is `STAKATER_MY_CONFIG_CONFIGMAP`.
 * Several names may share one: whatever is neither letter nor digit becomes a single underscore.
 */
export function variableName(kind: SourceKind, name: string): string {
  const upper = name
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_/, "");
  return `STAKATER_${upper}_${kind.toUpperCase()}`;
}

export function sha1(text: string): string {
  return createHash("sha1").update(text).digest("hex");
}

type Entry = readonly [key: string, value: Buffer];

/** Every part is preceded by its length, so that no two contents read the same. */
function digest(entries: readonly Entry[]): string {
  const hash = createHash("sha256");
  for (const [key, value] of entries) hash.update(`${Buffer.byteLength(key)}:${key}${value.length}:`).update(value);
  return hash.digest("base64url").slice(0, 22);
}

function statusHash(entries: readonly Entry[]): string {
  if (entries.length === 0) return "";
  const hash = createHash("sha256");
  for (const [key, value] of entries) hash.update(`${key}:`).update(value).update(";");
  return hash.digest("hex");
}

/** Stakater Reloader sorts whole lines, by their bytes. */
function joined(lines: readonly Entry[]): string {
  const whole = lines.map(([key, value]) => Buffer.concat([Buffer.from(key), value])).toSorted(Buffer.compare);
  const hash = createHash("sha1");
  whole.forEach((line, index) => {
    if (index > 0) hash.update(";");
    hash.update(line);
  });
  return hash.digest("hex");
}

function sorted(entries: Entry[]): Entry[] {
  return entries.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const fromBase64 = (text: string): Buffer => Buffer.from(text, "base64");
