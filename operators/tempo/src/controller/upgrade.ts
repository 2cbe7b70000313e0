import type { Json, JsonObject } from "@homeostat/api";
import type { TempoMonolithic } from "../api/tempo-monolithic.ts";
import type { TempoStack } from "../api/tempo-stack.ts";
import { operatorVersion, tempoVersion } from "../version.ts";
import { ConfigurationError } from "./configuration-error.ts";

/** What brings a resource that an older operator looked after up to date. */
export interface Upgrade {
  /** The operator's version it was last brought to. */
  readonly from: string;
  /** A merge patch of the spec; undefined: it stays as it is. */
  readonly patch?: JsonObject;
}

interface Step {
  readonly version: string;
  /** Pure: what to change in the spec, as a merge patch; undefined: nothing. */
  readonly patch: (spec: TempoStack["spec"]) => JsonObject | undefined;
}

/**
 * Steps of the Go operator's releases that change the spec. Those that moved files in volumes (0.5.0, 0.11.0) have no
 * part here: releases that need them are older than what migration starts from.
 */
const stackSteps: readonly Step[] = [
  { version: "0.3.0", patch: withoutDeprecatedLimits },
  { version: "0.6.0", patch: withoutPinnedImages },
  {
    version: "0.8.0",
    patch: ({ storage }) =>
      storage.tls?.caName && !storage.tls.enabled ? { storage: { tls: { enabled: true } } } : undefined,
  },
  { version: "0.15.4", patch: withPortOfThanos },
];

/** What a stack needs, or undefined where it is as new as this operator, or newer, or new altogether. */
export function stackUpgrade({ spec, status }: TempoStack): Upgrade | undefined {
  const from = outdatedVersion(status?.operatorVersion);
  if (from === undefined) return undefined;
  const patches = stackSteps.filter(({ version }) => isOlder(from, version)).map(({ patch }) => patch(spec));
  const patch = patches.reduce<JsonObject | undefined>(
    (sum, each) => (each ? merged(sum ?? {}, each) : sum),
    undefined,
  );
  return { from, ...(patch ? { patch } : {}) };
}

/** The same of a TempoMonolithic: no release has changed its spec. */
export function monolithicUpgrade({ status }: TempoMonolithic): Upgrade | undefined {
  const from = outdatedVersion(status?.operatorVersion);
  return from === undefined ? undefined : { from };
}

/** Versions that a status tells: this operator's, or those of a newer one that has looked after the object. */
export interface RecordedVersions {
  readonly operatorVersion?: string | undefined;
  readonly tempoVersion?: string | undefined;
}

/** What to record in a status. An operator that is older than the one before it leaves the record alone. */
export function versionsToRecord(recorded: RecordedVersions = {}): RecordedVersions {
  const { operatorVersion: before, tempoVersion: tempoBefore = tempoVersion } = recorded;
  const isNewer = before ? isOlder(operatorVersion, before) : false;
  return isNewer ? { operatorVersion: before, tempoVersion: tempoBefore } : { operatorVersion, tempoVersion };
}

/**
 * The version of `status.operatorVersion`, where it is older than ours.
 *
 * @throws ConfigurationError where it is no version
 */
function outdatedVersion(recorded: string | undefined): string | undefined {
  if (!recorded || !isOlder(recorded, operatorVersion)) return undefined;
  return recorded;
}

/** By major, minor and patch; what stands behind them does not count. */
function isOlder(a: string, b: string): boolean {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (const at of [0, 1, 2] as const) if (left[at] !== right[at]) return left[at] < right[at];
  return false;
}

function numbersOf(version: string): readonly [number, number, number] {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version) ?? [];
  if (patch !== undefined) return [Number(major), Number(minor), Number(patch)];
  throw new ConfigurationError(
    "FailedUpgrade",
    `error during upgrade: status.operatorVersion "${version}" is not a version such as 0.22.0: remove it, or set it to the version of the operator that looked after this object last`,
  );
}

function withoutDeprecatedLimits({ limits }: TempoStack["spec"]): JsonObject | undefined {
  const unset = { query: { maxSearchBytesPerTrace: null } };
  const isSet = (limit: NonNullable<typeof limits>["global"]) => limit?.query?.maxSearchBytesPerTrace !== undefined;
  const perTenant = Object.entries(limits?.perTenant ?? {}).filter(([, limit]) => isSet(limit));
  const patch: Record<string, Json> = {};
  if (isSet(limits?.global)) patch["global"] = unset;
  if (perTenant.length > 0) patch["perTenant"] = Object.fromEntries(perTenant.map(([tenant]) => [tenant, unset]));
  return Object.keys(patch).length > 0 ? { limits: patch } : undefined;
}

/** Older operators wrote their own images into the spec, which would keep them for ever. */
function withoutPinnedImages({ images = {} }: TempoStack["spec"]): JsonObject | undefined {
  const pinned = (["tempo", "tempoQuery", "tempoGateway", "tempoGatewayOpa"] as const).filter((name) => images[name]);
  return pinned.length > 0 ? { images: Object.fromEntries(pinned.map((name) => [name, null])) } : undefined;
}

const thanos = "https://thanos-querier.openshift-monitoring.svc.cluster.local";

function withPortOfThanos({ template }: TempoStack["spec"]): JsonObject | undefined {
  if (template?.queryFrontend?.jaegerQuery?.monitorTab?.prometheusEndpoint !== `${thanos}:9091`) return undefined;
  return { template: { queryFrontend: { jaegerQuery: { monitorTab: { prometheusEndpoint: `${thanos}:9092` } } } } };
}

function merged(into: JsonObject, patch: JsonObject): JsonObject {
  const sum: Record<string, Json> = { ...into };
  for (const [key, value] of Object.entries(patch)) {
    const before = sum[key];
    sum[key] = isMap(before) && isMap(value) ? merged(before, value) : value;
  }
  return sum;
}

const isMap = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
