import type { PodSpec } from "@homeostat/api";
import { type SourceKind, sourceKinds } from "../content/hash.ts";
import type { AnnotationKeys } from "./annotation-keys.ts";
import { type NameList, parseExactNames, parseNameList } from "./patterns.ts";
import { referencesOf, type SourceName } from "./references.ts";

type Annotations = Readonly<Record<string, string>>;

/** What of a workload says what it is reloaded for. */
export interface WorkloadFacts {
  readonly kind: string;
  readonly annotations: Annotations;
  readonly templateAnnotations: Annotations;
  readonly podSpec: PodSpec;
  /** A Job that has ended. Default false. */
  readonly finished?: boolean;
}

/** What a workload's annotations say about one kind of resource. */
export interface KindRules {
  /** Names and patterns that reload it, whether it refers to them or not. */
  readonly named: NameList;
  readonly excluded: ReadonlySet<string>;
  /** Reload for what it refers to and carries `match`. */
  readonly search: boolean;
  /** Reload for all it refers to: because it asks for it, or because the flag `--auto-reload-all` does. */
  readonly auto: "asked" | "flag" | undefined;
}

/** A workload's annotations, read once. */
export interface WorkloadRules {
  readonly of: Readonly<Record<SourceKind, KindRules>>;
  /** What it refers to, with the container to change for it. */
  readonly references: ReadonlyMap<SourceName, string>;
  readonly firstContainer: string | undefined;
  /** What its owner should know, for Warning events. */
  readonly faults: readonly RuleFault[];
}

export interface RuleFault {
  readonly reason:
    | "InvalidPattern"
    | "IgnoreHasNoEffect"
    | "InvalidPausePeriod"
    | "NoConfigChangeTrigger"
    | "NoPodTemplate";
  readonly message: string;
}

export interface RuleOptions {
  readonly keys: AnnotationKeys;
  readonly autoReloadAll: boolean;
}

/**
 * Reads a workload's annotations. As quick for a hostile annotation as for any.
 *
 * @param before what was read of it before: lists that read the same keep what they remember of names
 */
export function readRules(workload: WorkloadFacts, options: RuleOptions, before?: WorkloadRules): WorkloadRules {
  const faults: RuleFault[] = [];
  const of = Object.fromEntries(
    sourceKinds.map((kind) => [kind, kindRules(workload, kind, options, faults, before?.of[kind].named)]),
  ) as Record<SourceKind, KindRules>;
  if (workload.annotations[options.keys.ignore] === "true") {
    faults.push({
      reason: "IgnoreHasNoEffect",
      message: `annotation ${options.keys.ignore} has no effect on a workload: put it on the Secret or ConfigMap, or set ${options.keys.auto} to "false"`,
    });
  }
  return {
    of,
    references: referencesOf(workload.podSpec),
    firstContainer: workload.podSpec.containers?.[0]?.name,
    faults,
  };
}

function kindRules(
  workload: WorkloadFacts,
  kind: SourceKind,
  { keys, autoReloadAll }: RuleOptions,
  faults: RuleFault[],
  before: NameList | undefined,
): KindRules {
  const keysOfKind = [keys.named[kind], keys.auto, keys.autoOf[kind], keys.search];
  // One place or the other, never both: the workload's own as soon as any key is there, whatever it says.
  const source = keysOfKind.some((key) => key in workload.annotations)
    ? workload.annotations
    : workload.templateAnnotations;
  const text = source[keys.named[kind]] ?? "";
  const named = before?.text === text ? before : parseNameList(text);
  for (const fault of named.faults)
    faults.push({ reason: "InvalidPattern", message: `annotation ${keys.named[kind]}: ${fault}` });
  const asked = parseBool(source[keys.auto]) || parseBool(source[keys.autoOf[kind]]);
  const silent = !source[keys.auto] && !source[keys.autoOf[kind]];
  return {
    named,
    // Excluded is what the workload itself says, wherever the rest stands.
    excluded: parseExactNames(workload.annotations[keys.exclude[kind]]),
    search: source[keys.search] === "true",
    auto: asked ? "asked" : silent && autoReloadAll ? "flag" : undefined,
  };
}

/** As Go's `strconv.ParseBool` reads it; what it refuses is false. */
export function parseBool(text: string | undefined): boolean {
  return text !== undefined && ["1", "t", "T", "TRUE", "true", "True"].includes(text);
}
