import { type Deployment, formatTime, type PodTemplateSpec, parseDuration } from "@homeostat/api";
import { type Fingerprints, variableName } from "../content/hash.ts";
import { isFinished, podTemplateOf, type WorkloadObject, workloadKinds } from "../kinds.ts";
import type { ResolvedOptions, RolloutStrategy } from "../options.ts";
import { pausePatch } from "../reload/pause.ts";
import { type ReloadSource, type ReloadStrategy, reloadedTemplate } from "../reload/pod-template.ts";
import {
  absent,
  formatRecord,
  parseSourceKey,
  type ReloadRecord,
  type SourceKey,
  sourceKey,
} from "../reload/record.ts";
import { type Decision, decide, type ResourceFacts } from "../rules/decide.ts";
import { decideByConfig, type NamespaceLabels } from "../rules/decide-config.ts";
import type { WorkloadRules } from "../rules/workload-rules.ts";
import type { Candidates } from "./candidates.ts";
import type { AppliedConfig, WorkloadRef } from "./world.ts";

/** A resource as it is now. */
export interface SourceState {
  readonly facts: ResourceFacts;
  /** Undefined: it is not there. */
  readonly content: Pick<Fingerprints, "digest" | "reloader"> | undefined;
}

export interface PlanInput {
  readonly workload: WorkloadRef;
  readonly object: WorkloadObject;
  readonly rules: WorkloadRules;
  readonly configs: readonly AppliedConfig[];
  readonly candidates: Candidates;
  readonly sources: ReadonlyMap<SourceKey, SourceState>;
  readonly record: ReloadRecord | undefined;
  readonly nowMs: number;
  readonly options: ResolvedOptions;
  readonly namespaceLabels: NamespaceLabels;
}

/** What is to be done about a workload. */
export type Plan = { readonly refusals: readonly Refusal[] } & (
  | { readonly type: "nothing" }
  /** Only the record is to be written: contents became known, or changed in a way that reloads nothing. */
  | { readonly type: "remember"; readonly record: ReloadRecord }
  /** A config allows no reload yet. */
  | { readonly type: "wait"; readonly forMs: number }
  | { readonly type: "reload"; readonly reload: Reload }
);

/** A change that reloads nothing, and why. */
export interface Refusal {
  readonly source: SourceKey;
  readonly why: string;
  /** The change was wanted, but the template says already that it runs with this content. */
  readonly already?: boolean;
}

export interface Reload {
  readonly how:
    | {
        readonly type: "template";
        readonly template: PodTemplateSpec;
        /** The Deployment is held back, and resumed when its period is over. */
        readonly pause: { readonly pausedAt: string } | undefined;
      }
    /** Argo's own way of replacing pods. */
    | { readonly type: "restartAt"; readonly time: string }
    /** Its pods are evicted, as their budgets allow. */
    | { readonly type: "evict" }
    | { readonly type: "run" | "again"; readonly template: PodTemplateSpec };
  readonly sources: readonly ReloadSource[];
  /** Keys of the configs that wanted it. */
  readonly configs: readonly string[];
  readonly strategy: ReloadStrategy;
  readonly record: ReloadRecord;
}

interface Change {
  readonly key: SourceKey;
  readonly state: SourceState;
  readonly type: "changed" | "created" | "deleted";
}

interface Wanted {
  readonly source: ReloadSource;
  readonly configs: readonly AppliedConfig[];
}

/** Compares what a workload runs with to what there is, and says what follows. Pure. */
export function plan(input: PlanInput): Plan {
  const refusals: Refusal[] = [];
  const wanted: Wanted[] = [];
  const contents: Record<SourceKey, string> = {};
  for (const [key, state] of input.sources) {
    const before = input.record?.contents[key];
    // Which versions a class is mounted with is known only while, and after, it is: not to know is no change.
    if (state.facts.kind === "SecretProviderClass" && (before === undefined || state.content === undefined)) {
      const known = state.content?.digest ?? before;
      if (known !== undefined) contents[key] = known;
      continue;
    }
    const now = state.content?.digest ?? absent;
    contents[key] = now;
    const change = changeOf(input, key, state);
    if (change === undefined) continue;
    const found = judge(input, change);
    if ("why" in found) {
      refusals.push({ source: key, why: found.why });
      // What comes back is compared with what went.
      if (change.type === "deleted") contents[key] = input.record!.contents[key]!;
    } else wanted.push(found);
  }
  const record = nextRecord(input, contents);
  if (wanted.length === 0) return { ...remember(input, record), refusals };
  const waitMs = pausedForMs(input, wanted);
  if (waitMs > 0) return { type: "wait", forMs: waitMs, refusals };
  const reload = reloadOf(input, wanted, record);
  if (reload) return { type: "reload", reload, refusals };
  const said = wanted.map(({ source }) => ({
    source: sourceKey(source),
    why: "the pod template says already that it runs with this content",
    already: true,
  }));
  return { ...remember(input, record), refusals: [...refusals, ...said] };
}

function changeOf({ record, candidates }: PlanInput, key: SourceKey, state: SourceState): Change | undefined {
  const before = record?.contents[key];
  const now = state.content?.digest ?? absent;
  if (before === now) return undefined;
  if (before === undefined) {
    // Seen for the first time: it is remembered, nothing more. Unless nobody asked for anything new meanwhile, and a
    // pattern meets it because it is new.
    const isNew =
      record?.rules === candidates.rules &&
      candidates.keys.get(key) === "pattern" &&
      now !== absent &&
      state.facts.relabelled !== true;
    return isNew ? { key, state, type: "created" } : undefined;
  }
  return { key, state, type: before === absent ? "created" : now === absent ? "deleted" : "changed" };
}

/** Who wants a reload for a change, or why nobody does. */
function judge(input: PlanInput, { state, type }: Change): Wanted | { readonly why: string } {
  const { workload, object, rules, configs, options, namespaceLabels } = input;
  const finished = isFinished(workload.kind, object);
  const { facts } = state;
  const enabled = (spec: { reloadOnCreate?: boolean | undefined; reloadOnDelete?: boolean | undefined }): boolean =>
    type === "changed" ||
    (type === "created"
      ? (spec.reloadOnCreate ?? options.reloadOnCreate)
      : (spec.reloadOnDelete ?? options.reloadOnDelete));
  const off = `it was ${type}, and reload-on-${type === "created" ? "create" : "delete"} is off`;

  const yes: AppliedConfig[] = [];
  const refused: string[] = [];
  let container: string | undefined;
  const note = (decision: Decision, config?: AppliedConfig): void => {
    if (!decision.reload) refused.push(decision.why);
    else if (!enabled(config?.config.spec ?? {})) refused.push(off);
    else {
      container ??= decision.container;
      if (config) yes.push(config);
    }
  };
  for (const config of configs) {
    const target = { target: config.target, namespace: workload.namespace, rules, finished };
    note(decideByConfig(config.config, target, facts, { keys: options.keys, namespaceLabels }), config);
  }
  if (facts.namespace === workload.namespace) note(decide(rules, facts, { keys: options.keys, finished }));
  if (container === undefined) return { why: [...new Set(refused)].join("; ") || "nobody asks for it" };
  const { kind, namespace, name } = facts;
  return { source: { kind, namespace, name, container, hash: state.content?.reloader }, configs: yes };
}

/** How long all that is wanted has to wait; 0 where something of it need not, which takes the rest along. */
function pausedForMs({ record, nowMs }: PlanInput, wanted: readonly Wanted[]): number {
  const waits = wanted.map(({ configs }) =>
    // A config that wants it decides when, whatever annotations want.
    configs.length === 0 ? 0 : Math.min(...configs.map((config) => (pausedUntil(config, record) ?? 0) - nowMs)),
  );
  return Math.max(0, Math.min(...waits));
}

/** Until when a config lets its target rest, in milliseconds since the epoch; undefined: it does not. */
export function pausedUntil({ key, target }: AppliedConfig, record: ReloadRecord | undefined): number | undefined {
  const share = record?.configs[key];
  if (share === undefined || target.pausePeriod === undefined) return undefined;
  return Date.parse(share.at) + parseDuration(target.pausePeriod);
}

function reloadOf(input: PlanInput, wanted: readonly Wanted[], remembered: ReloadRecord): Reload | undefined {
  const { workload, object, options, nowMs } = input;
  const configs = [...new Set(wanted.flatMap((each) => each.configs))];
  const sources = wanted.map(({ source }) => source);
  const { strategy, rollout } = strategies(input, configs[0]);
  const at = formatTime(nowMs);
  const record: ReloadRecord = {
    ...remembered,
    reloads: remembered.reloads + 1,
    at,
    configs: { ...remembered.configs, ...shares(remembered, configs, at) },
  };
  const common = { sources, configs: configs.map(({ key }) => key), strategy, record };
  const { action } = workloadKinds[workload.kind];
  if (action === "template" && rollout === "restart") {
    if (workload.kind === "Rollout") return { ...common, how: { type: "restartAt", time: at } };
    return { ...common, how: { type: "evict" }, record: { ...record, restartBefore: nextSecond(nowMs) } };
  }
  const current = podTemplateOf(workload.kind, object);
  const template =
    reloadedTemplate(current, sources, strategy, nowMs) ??
    // A variable that has the hash already may be another's.
    (sharesVariable(input, sources) ? reloadedTemplate(current, sources, "annotations", nowMs) : undefined);
  if (action !== "template") return { ...common, how: { type: action, template: template ?? current } };
  if (template === undefined) return undefined;
  const held = workload.kind === "Deployment" && !configs.some(({ target }) => target.pausePeriod !== undefined);
  const pause = held ? pausePatch(object as Deployment, options.keys, nowMs) : undefined;
  return { ...common, how: { type: "template", template, pause } };
}

/** Whether the variable of a resource is also that of another the workload depends on: `a-b` and `a.b` have one. */
function sharesVariable({ candidates }: PlanInput, sources: readonly ReloadSource[]): boolean {
  const others = [...candidates.keys.keys()].map(parseSourceKey);
  return sources.some(({ kind, namespace, name }) =>
    others.some(
      (other) =>
        other.kind === kind &&
        (other.name !== name || other.namespace !== namespace) &&
        variableName(kind, other.name) === variableName(kind, name),
    ),
  );
}

/** Target before spec before flag; annotations decide where no config wants the reload. */
function strategies(
  { object, options, workload }: PlanInput,
  wanting: AppliedConfig | undefined,
): { strategy: ReloadStrategy; rollout: RolloutStrategy } {
  const { target, config } = wanting ?? {};
  const annotation = object.metadata?.annotations?.[options.keys.rolloutStrategy];
  const rollout = annotation === undefined ? undefined : annotation === "restart" ? "restart" : "rollout";
  return {
    strategy: target?.reloadStrategy ?? config?.spec.reloadStrategy ?? options.reloadStrategy,
    rollout:
      target?.rolloutStrategy ??
      config?.spec.rolloutStrategy ??
      rollout ??
      (workload.kind === "Rollout" ? "rollout" : options.rolloutStrategy),
  };
}

function shares(record: ReloadRecord, configs: readonly AppliedConfig[], at: string): ReloadRecord["configs"] {
  return Object.fromEntries(
    configs.map(({ key }) => [key, { reloads: (record.configs[key]?.reloads ?? 0) + 1, at }] as const),
  );
}

/** Pods tell their age in whole seconds: all that are there now are older than the next one. */
function nextSecond(nowMs: number): string {
  return formatTime(nowMs + 1000);
}

function nextRecord({ record, candidates, configs }: PlanInput, contents: ReloadRecord["contents"]): ReloadRecord {
  const known = new Set(configs.map(({ key }) => key));
  const kept = Object.entries(record?.configs ?? {}).filter(([key]) => known.has(key));
  return {
    ...record,
    rules: candidates.rules,
    contents,
    reloads: record?.reloads ?? 0,
    configs: Object.fromEntries(kept),
  };
}

function remember(
  { record, candidates }: PlanInput,
  next: ReloadRecord,
): { type: "nothing" } | { type: "remember"; record: ReloadRecord } {
  // That a pattern has met nothing so far is worth remembering: what it meets next is new.
  const isEmpty = Object.keys(next.contents).length === 0 && record === undefined && !candidates.open;
  if (isEmpty || (record !== undefined && formatRecord(record) === formatRecord(next))) return { type: "nothing" };
  return { type: "remember", record: next };
}
