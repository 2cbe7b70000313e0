import { type Condition, formatTime, setCondition } from "@homeostat/api";
import type { ReloaderConfig } from "../api.ts";
import type { ReloadRecord, SourceKey } from "../reload/record.ts";
import type { ConfigFacts } from "../rules/decide-config.ts";
import { pausedUntil } from "./plan.ts";
import { type AppliedConfig, targetsOf } from "./world.ts";

export type ConfigStatus = NonNullable<ReloaderConfig["status"]>;
type TargetStatus = NonNullable<ConfigStatus["targetStatus"]>[number];
type Target = ReturnType<typeof targetsOf>[number];

export interface StatusInput {
  readonly key: string;
  readonly config: ConfigFacts;
  readonly generation: number | undefined;
  readonly previous: ConfigStatus | undefined;
  /** SHA-256 of what is watched and there. */
  readonly hashes: Readonly<Record<SourceKey, string>>;
  /** What is listed and not there. */
  readonly missing: readonly SourceKey[];
  /** What is known of a target: its record where it is there, or why it is not reloaded. */
  readonly target: (target: Target) => TargetFinding;
  readonly nowMs: number;
}

export type TargetFinding =
  /** `failure`: why its last reload failed, while one is due. */
  | { readonly type: "found"; readonly record: ReloadRecord | undefined; readonly failure?: string | undefined }
  | { readonly type: "missing" }
  | { readonly type: "refused"; readonly why: string };

/** What the status of a config should say: it only reports, and decides nothing. Pure. */
export function statusOf(input: StatusInput): ConfigStatus {
  const { config, previous, nowMs, hashes } = input;
  const findings = targetsOf(config).map((target) => ({ target, finding: input.target(target) }));
  const targetStatus = findings.flatMap(({ target, finding }) => targetStatusOf(input, target, finding));
  const reloads = targetStatus.reduce((sum, target) => sum + newReloads(target, previous), previous?.reloadCount ?? 0);
  const times = [previous?.lastReloadTime, ...targetStatus.map(({ lastReloadTime }) => lastReloadTime)];
  const last = times
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
  return {
    conditions: conditionsOf(input, findings, nowMs),
    ...(input.generation === undefined ? {} : { observedGeneration: input.generation }),
    watchedResourceHashes: Object.fromEntries(Object.entries(hashes).toSorted(([a], [b]) => (a < b ? -1 : 1))),
    reloadCount: reloads,
    ...(last === undefined ? {} : { lastReloadTime: last }),
    ...(targetStatus.length === 0 ? {} : { targetStatus }),
  };
}

/** One entry for each target that was reloaded or could not be. */
function targetStatusOf(input: StatusInput, { kind, name, namespace, target }: Target, finding: TargetFinding) {
  const id = { kind, name, namespace };
  if (finding.type === "refused") return [{ ...id, lastError: finding.why }];
  const before = input.previous?.targetStatus?.find((each) => isSame(each, id));
  const { lastReloadTime, reloadCount } = before ?? {};
  const kept = { ...(lastReloadTime ? { lastReloadTime } : {}), ...(reloadCount ? { reloadCount } : {}) };
  if (finding.type === "missing") return [{ ...id, ...kept, lastError: `${kind} ${namespace}/${name} is not there` }];
  const failure = finding.failure === undefined ? {} : { lastError: finding.failure };
  const share = finding.record?.configs[input.key];
  if (share === undefined) {
    const isEmpty = Object.keys(kept).length === 0 && finding.failure === undefined;
    return isEmpty ? [] : [{ ...id, ...kept, ...failure }];
  }
  const applied: AppliedConfig = { key: input.key, config: input.config, target };
  const untilMs = pausedUntil(applied, finding.record);
  return [
    {
      ...id,
      lastReloadTime: share.at,
      reloadCount: share.reloads,
      ...(untilMs !== undefined && untilMs > input.nowMs ? { pausedUntil: formatTime(untilMs) } : {}),
      ...failure,
    },
  ];
}

/** What a target's count grew by; all of it where the workload was made anew and counts from the beginning. */
function newReloads(target: TargetStatus, previous: ConfigStatus | undefined): number {
  const before = previous?.targetStatus?.find((each) => isSame(each, target));
  const count = target.reloadCount ?? 0;
  if (target.lastReloadTime === undefined || target.lastReloadTime === before?.lastReloadTime) {
    return Math.max(0, count - (before?.reloadCount ?? 0));
  }
  return count > (before?.reloadCount ?? 0) ? count - (before?.reloadCount ?? 0) : count;
}

const isSame = (a: { kind: string; namespace: string; name: string }, b: typeof a): boolean =>
  a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;

interface Finding {
  readonly target: Target;
  readonly finding: TargetFinding;
}

function conditionsOf(input: StatusInput, findings: readonly Finding[], nowMs: number): readonly Condition[] {
  const { config, generation, missing, previous } = input;
  const gone = findings.filter(({ finding }) => finding.type === "missing").map(({ target }) => nameOf(target));
  const refused = findings.flatMap(({ finding }) => (finding.type === "refused" ? [finding.why] : []));
  const failed = findings
    .filter(({ finding }) => finding.type === "found" && finding.failure !== undefined)
    .map(({ target }) => nameOf(target));
  const invalid = [...config.faults, ...refused];
  const problems = [
    { reason: "InvalidSpec", texts: invalid, prefix: "" },
    { reason: "TargetNotFound", texts: gone, prefix: "not there: " },
    { reason: "ReloadFailed", texts: failed, prefix: "is tried again: " },
    { reason: "ResourceNotFound", texts: missing, prefix: "not there: " },
  ].filter(({ texts }) => texts.length > 0);
  // The gravest gives the reason, and none hides another.
  const message = problems.map(({ texts, prefix }) => `${prefix}${listed(texts)}`).join("; ");
  const problem = problems[0] && { reason: problems[0].reason, message };
  // A resource that is missing may come; without its targets a config does nothing.
  const unavailable = problem?.reason === "InvalidSpec" || problem?.reason === "TargetNotFound";
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const idle = config.ignored ? "switched off by annotation" : "it names no targets, so nothing is reloaded";
  const well = { reason: "Reconciled", message: config.ignored || findings.length === 0 ? idle : "", ...observed };
  let conditions = previous?.conditions;
  const set = (type: string, isTrue: boolean, words: { reason: string; message: string }): void => {
    conditions = setCondition(conditions, { type, status: isTrue ? "True" : "False", ...words, ...observed }, nowMs);
  };
  set("Available", !unavailable, unavailable ? problem : well);
  set("Progressing", false, well);
  set("Degraded", problem !== undefined, problem ?? well);
  return conditions!;
}

const nameOf = ({ kind, namespace, name }: Target): string => `${kind} ${namespace}/${name}`;

function listed(items: readonly string[]): string {
  return items.length > 8 ? `${items.slice(0, 8).join(", ")} and ${items.length - 8} more` : items.join(", ");
}

/** When the status changes by itself, in milliseconds from now: a pause that ends. */
export function statusExpiresMs(status: ConfigStatus, nowMs: number): number | undefined {
  const ends = (status.targetStatus ?? []).flatMap((target) =>
    target.pausedUntil === undefined ? [] : [Date.parse(target.pausedUntil) - nowMs],
  );
  return ends.length === 0 ? undefined : Math.max(1, Math.min(...ends));
}
