import type { Remedy, ResourceFacts } from "../rules/decide.ts";
import type { ConfigFacts } from "../rules/decide-config.ts";

/** A Secret, ConfigMap or SecretProviderClass a workload uses, names or is given by a config. */
export interface SourceReport extends Pick<ResourceFacts, "kind" | "namespace" | "name"> {
  /** Whether it is there; undefined where that is not known. */
  readonly exists: boolean | undefined;
  /** The container that gets something from it; undefined: none does. */
  readonly container: string | undefined;
  /** Why a change of it rolls the workload. Empty: it does not. */
  readonly because: readonly string[];
  /** Why it does not, by annotations and by each config. */
  readonly refused: readonly { readonly why: string; readonly remedy?: Remedy | undefined }[];
}

/** What is known of a workload when somebody asks why it is, or is not, reloaded. */
export interface WorkloadReport {
  readonly kind: string;
  /** As kubectl is told: `deployment`. */
  readonly typed: string;
  readonly namespace: string;
  readonly name: string;
  /** What asks for reloads, as people wrote it. */
  readonly asks: readonly string[];
  readonly sources: readonly SourceReport[];
  /** What else keeps it from being reloaded, or does not do what somebody may think. */
  readonly notes: readonly string[];
  /** When it was reloaded last, RFC 3339. */
  readonly lastReload: string | undefined;
}

export type NamedConfig = Pick<ConfigFacts, "namespace" | "name">;

/** The report in words: what asks, what it uses and whether a change of that rolls it, and what to do where none does. */
export function explain(report: WorkloadReport): string[] {
  const { kind, namespace, name, asks, sources, notes, lastReload } = report;
  return [
    `what rolls ${kind} ${namespace}/${name}:`,
    ...(asks.length === 0 ? ["  asked by  nothing"] : asks.map((ask) => `  asked by  ${ask}`)),
    ...(sources.length === 0 ? ["  uses      no Secret and no ConfigMap"] : sources.flatMap(sourceLines)),
    `  last      ${lastReload === undefined ? "it was never reloaded" : `reloaded at ${lastReload}`}`,
    ...notes.map((note) => `  note      ${note}`),
    ...adviceOf(report),
  ];
}

/** Shown one by one; a pattern may mean hundreds. */
const MAX_SHOWN = 20;

function sourceLines(source: SourceReport, index: number, all: readonly SourceReport[]): string[] {
  if (index === MAX_SHOWN) return [`  uses      ${all.length - MAX_SHOWN} more`];
  if (index > MAX_SHOWN) return [];
  const { kind, namespace, name, exists, container, because, refused } = source;
  const how = container === undefined ? "" : `, used by container ${container}`;
  const there = exists === false ? ", which is not there" : "";
  const verdict =
    because.length > 0
      ? `a change rolls it: ${because.join("; ")}`
      : `a change does not roll it: ${[...new Set(refused.map(({ why }) => why))].join("; ")}`;
  return [`  uses      ${kind} ${namespace}/${name}${how}${there}: ${verdict}`];
}

function adviceOf(report: WorkloadReport): string[] {
  const { asks, sources } = report;
  if (asks.length === 0) return ["", "nothing asks to roll it. So that it rolls", ...waysToAsk(report)];
  const advice = new Set(
    sources
      .filter(({ because }) => because.length === 0)
      .flatMap((source) => source.refused.map(({ remedy }) => remedyText(report, source, remedy)))
      .filter((text) => text !== undefined),
  );
  return advice.size === 0 ? [] : ["", "so that it rolls", ...[...advice].map((text) => `  ${text}`)];
}

const prefix = "reloader.stakater.com";

function waysToAsk({ kind, typed, namespace, name, sources }: WorkloadReport): string[] {
  const annotate = `kubectl annotate ${typed}/${name} -n ${namespace}`;
  const used = sources.find(({ container }) => container !== undefined);
  const one = used
    ? `${used.kind.toLowerCase()}.${prefix}/reload=${used.name}`
    : `secret.${prefix}/reload=NAME (or configmap.${prefix}/reload=NAME), as it uses none by itself`;
  return [
    ...(used ? [`  for all that it uses:  ${annotate} ${prefix}/auto=true`] : []),
    `  for one of them:       ${annotate} ${one}`,
    `  without annotating it: a ReloaderConfig with spec.${used ? "autoReloadAll" : "watchedResources"} and a target { kind: ${kind}, name: ${name} }`,
  ];
}

function remedyText(report: WorkloadReport, source: SourceReport, remedy: Remedy | undefined): string | undefined {
  const { typed, namespace, name } = report;
  const resource = `${source.kind.toLowerCase()}/${source.name} -n ${source.namespace}`;
  const workload = `${typed}/${name} -n ${namespace}`;
  const lower = source.kind.toLowerCase();
  switch (remedy) {
    case "ignored":
      return `kubectl annotate ${resource} ${prefix}/ignore-`;
    case "unmatched":
      return `kubectl annotate ${resource} ${prefix}/match=true`;
    case "excluded":
      return `take ${source.name} out of the exclude annotation of ${workload}`;
    case "unasked":
    case "unreferenced":
    case "ended":
      return source.namespace === namespace
        ? `kubectl annotate ${workload} ${lower}.${prefix}/reload=${source.name} --overwrite`
        : undefined;
    default:
      return undefined;
  }
}
