import { ConfigMap, isNotFound, type KubeObject, Namespace, type Resource, Secret, type Stored } from "@homeostat/api";
import { type Client, metadataOf, pausedBy } from "@homeostat/runtime";
import { ReloaderConfig } from "../api.ts";
import { type SourceKind, sourceKinds } from "../content/hash.ts";
import { isGranted, targetsOf } from "../engine/world.ts";
import { factsOf, isFinished, type WorkloadName, type WorkloadObject, workloadKinds } from "../kinds.ts";
import { type ReloaderOptions, type ResolvedOptions, resolveOptions } from "../options.ts";
import { pausePeriodOf } from "../reload/pause.ts";
import { readRecord } from "../reload/record.ts";
import { targetsFrom } from "../rules/annotation-keys.ts";
import { decide, type ResourceFacts } from "../rules/decide.ts";
import { type ConfigFacts, configFacts, decideByConfig, isWatched, listedNames } from "../rules/decide-config.ts";
import { parseBool, readRules, type WorkloadRules } from "../rules/workload-rules.ts";
import type { WorkloadAsked } from "./explain-workload.ts";
import type { SourceReport, WorkloadReport } from "./workload-report.ts";

/** What is known of a workload, read from the cluster; undefined where there is none, or none of our kinds. */
export async function reportOf(
  client: Client,
  asked: WorkloadAsked,
  options?: ReloaderOptions,
): Promise<WorkloadReport | undefined> {
  const kind = workloadKindOf(asked.kind);
  if (kind === undefined) return undefined;
  const resource = workloadKinds[kind].resource as Resource<WorkloadObject>;
  const { namespace, name } = asked;
  const object = await client.find(resource, { namespace, name }, { from: "live" });
  if (object === undefined) return undefined;
  return report(client, kind, object, options ? resolveOptions(options) : await optionsInForce(client));
}

/** The kind people mean; undefined where it is none of ours. */
export function workloadKindOf(typed: string): WorkloadName | undefined {
  const lower = typed.toLowerCase();
  for (const [name, { resource }] of Object.entries(workloadKinds)) {
    const { kind, plural, singular, shortNames = [], group } = resource as Resource;
    const names = [kind.toLowerCase(), plural, singular, ...shortNames];
    if (names.some((each) => each === lower || `${each}.${group}` === lower)) return name as WorkloadName;
  }
  return undefined;
}

/** What the operator has told about itself; where it has not, its defaults. */
async function optionsInForce(client: Client): Promise<ResolvedOptions> {
  const labelSelector = "reloader.stakater.com/meta-info=reloader";
  const found = await client.list(ConfigMap, { labelSelector, from: "live" }).catch(() => ({ items: [] }));
  for (const { data } of found.items) {
    try {
      const told = JSON.parse(data?.["reloaderOptions"] ?? "null") as ReloaderOptions | null;
      // That of Stakater Reloader has no such field, and other names for the rest.
      if (told?.keys !== undefined) return resolveOptions(told);
    } catch {}
  }
  return resolveOptions();
}

async function report(
  client: Client,
  kind: WorkloadName,
  object: Stored<WorkloadObject>,
  options: ResolvedOptions,
): Promise<WorkloadReport> {
  const { namespace = "", name } = object.metadata;
  const rules = readRules(factsOf(kind, object), options);
  const all = await configsNaming(client, kind, namespace, name);
  const granted = await client
    .find(metadataOf(Namespace), { name: namespace }, { from: "live" })
    .catch(() => undefined);
  const mayName = (config: ConfigFacts): boolean =>
    config.namespace === namespace ||
    options.targetNamespaces.includes(namespace) ||
    isGranted(granted?.metadata.annotations?.[targetsFrom], config.namespace);
  const configs = all.filter(mayName);
  const sources = await sourcesOf(client, { kind, object, rules, configs, options });
  return {
    kind,
    typed: kind.toLowerCase(),
    namespace,
    name,
    asks: asksOf(kind, object, rules, all, options),
    sources,
    notes: notesOf(kind, object, rules, all, mayName, options),
    lastReload: readRecord(object)?.at,
  };
}

async function configsNaming(client: Client, kind: string, namespace: string, name: string): Promise<ConfigFacts[]> {
  const { items } = await client.list(ReloaderConfig, { from: "live" }).catch((error: unknown) => {
    // A cluster without the kind has no configs.
    if (isNotFound(error)) return { items: [] };
    throw error;
  });
  return items
    .map((config) => configFacts(config))
    .filter((config) =>
      targetsOf(config).some((each) => each.kind === kind && each.namespace === namespace && each.name === name),
    );
}

interface Looked {
  readonly kind: WorkloadName;
  readonly object: Stored<WorkloadObject>;
  readonly rules: WorkloadRules;
  readonly configs: readonly ConfigFacts[];
  readonly options: ResolvedOptions;
}

/** All that the workload uses, names, or is given by a config, with what a change of each would do. */
async function sourcesOf(client: Client, looked: Looked): Promise<SourceReport[]> {
  const { object, rules, configs } = looked;
  const { namespace = "" } = object.metadata;
  const reports: SourceReport[] = [];
  for (const kind of sourceKinds) {
    const there = await resourcesOf(client, kind, namespace, configs);
    const names = new Set<string>(rules.of[kind].named.literals);
    for (const source of rules.references.keys())
      if (source.startsWith(`${kind}/`)) names.add(source.slice(kind.length + 1));
    for (const config of configs)
      if (config.namespace === namespace) for (const each of listedNames(config.spec, kind)) names.add(each);
    const absent = { kind, labels: {}, annotations: {} };
    const facts = new Map(there.map((each) => [`${each.namespace}/${each.name}`, each]));
    for (const name of names)
      if (!facts.has(`${namespace}/${name}`)) facts.set(`${namespace}/${name}`, { ...absent, namespace, name });
    for (const each of facts.values()) {
      const inOwn = each.namespace === namespace;
      const meant =
        (inOwn && (names.has(each.name) || rules.of[kind].named.matches(each.name))) ||
        configs.some((config) => isWatched(config, each, namespaceLabels));
      if (meant) reports.push(verdict(looked, each, kind === "SecretProviderClass" ? undefined : there.includes(each)));
    }
  }
  return reports;
}

/** Selectors of namespaces are not followed here: what a config watches elsewhere is told by its status. */
const namespaceLabels = (): undefined => undefined;

async function resourcesOf(
  client: Client,
  kind: SourceKind,
  namespace: string,
  configs: readonly ConfigFacts[],
): Promise<ResourceFacts[]> {
  if (kind === "SecretProviderClass") return [];
  const resource = metadataOf((kind === "Secret" ? Secret : ConfigMap) as Resource<KubeObject>);
  const places = new Set([namespace, ...configs.map((config) => config.namespace)]);
  const lists = await Promise.all(
    [...places].map((place) => client.list(resource, { namespace: place, from: "live" })),
  );
  return lists.flatMap(({ items }) =>
    items.map(({ metadata }) => ({
      kind,
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      labels: metadata.labels ?? {},
      annotations: metadata.annotations ?? {},
    })),
  );
}

function verdict(looked: Looked, facts: ResourceFacts, exists: boolean | undefined): SourceReport {
  const { kind, object, rules, configs, options } = looked;
  const { namespace = "" } = object.metadata;
  const finished = isFinished(kind, object);
  const because: string[] = [];
  const refused: SourceReport["refused"][number][] = [];
  if (options.ignoredResources.some((each) => each === facts.kind))
    refused.push({ why: `the operator leaves ${facts.kind}s alone (--resources-to-ignore)` });
  else {
    if (facts.namespace === namespace) {
      const decision = decide(rules, facts, { keys: options.keys, finished });
      if (decision.reload) because.push(byText[decision.by]);
      else refused.push({ why: decision.why, remedy: decision.remedy });
    }
    for (const config of configs) {
      for (const each of targetsOf(config)) {
        if (each.kind !== kind || each.namespace !== namespace || each.name !== object.metadata.name) continue;
        const target = { target: each.target, namespace, rules, finished };
        const decision = decideByConfig(config, target, facts, { keys: options.keys, namespaceLabels });
        if (decision.reload) because.push(`ReloaderConfig ${config.namespace}/${config.name}`);
        else refused.push({ why: decision.why });
      }
    }
  }
  const { kind: of, namespace: where, name } = facts;
  const container = where === namespace ? rules.references.get(`${of}/${name}`) : undefined;
  return { kind: of, namespace: where, name, exists, container, because, refused };
}

const byText = {
  named: "an annotation names it",
  search: "it carries match, and the workload search",
  auto: "the workload rolls for all it uses",
  config: "a ReloaderConfig names it",
} as const;

/** What asks for reloads, as it is written. */
function asksOf(
  kind: WorkloadName,
  object: Stored<WorkloadObject>,
  rules: WorkloadRules,
  configs: readonly ConfigFacts[],
  { keys, autoReloadAll }: ResolvedOptions,
): string[] {
  const { annotations, templateAnnotations } = factsOf(kind, object);
  const asking = new Set([keys.auto, keys.search, ...Object.values(keys.autoOf), ...Object.values(keys.named)]);
  const told = (from: Readonly<Record<string, string>>, where: string): string[] =>
    Object.entries(from)
      .filter(([key]) => asking.has(key))
      .map(([key, value]) => `annotation ${key}: "${value.length > 200 ? `${value.slice(0, 200)}…` : value}"${where}`);
  const flagged = autoReloadAll && Object.values(rules.of).some(({ auto }) => auto === "flag");
  return [
    ...told(annotations, ""),
    ...told(templateAnnotations, " on the pod template"),
    ...configs.map((config) => `ReloaderConfig ${config.namespace}/${config.name}`),
    ...(flagged ? ["the operator's flag --auto-reload-all"] : []),
  ];
}

function notesOf(
  kind: WorkloadName,
  object: Stored<WorkloadObject>,
  rules: WorkloadRules,
  configs: readonly ConfigFacts[],
  mayName: (config: ConfigFacts) => boolean,
  options: ResolvedOptions,
): string[] {
  const { keys } = options;
  const { annotations, templateAnnotations } = factsOf(kind, object);
  const notes: string[] = [];
  const paused = pausedBy(object, workloadKinds[kind].resource as Resource, "homeostat.dev");
  if (paused !== undefined) notes.push(`the operator is paused for it: ${paused}`);
  const { namespace = "" } = object.metadata;
  if (options.ignoredNamespaces.includes(namespace)) notes.push(`--namespaces-to-ignore lists namespace ${namespace}`);
  if (options.namespaces.length > 0 && !options.namespaces.includes(namespace))
    notes.push(`the operator is kept to other namespaces: ${options.namespaces.join(", ")}`);
  if (options.ignoredWorkloads.includes(kind)) notes.push(`--ignored-workload-types leaves ${kind}s alone`);
  if (kind === "Rollout" && !options.argoRollouts)
    notes.push("Rollouts are looked at with the flag --is-Argo-Rollouts=true");
  if (kind === "DeploymentConfig" && !options.deploymentConfigs)
    notes.push("DeploymentConfigs are looked at with the flag --is-openshift=true");
  for (const key of [keys.auto, ...Object.values(keys.autoOf)]) {
    const value = annotations[key] ?? templateAnnotations[key];
    if (value !== undefined && !parseBool(value) && !/^(0|f|F|FALSE|false|False)$/.test(value))
      notes.push(`annotation ${key}: "${value}" means no: write "true"`);
  }
  const search = annotations[keys.search] ?? templateAnnotations[keys.search];
  if (search !== undefined && search !== "true")
    notes.push(`annotation ${keys.search}: "${search}" means no: write exactly "true"`);
  const own = [keys.auto, keys.search].filter((key) => key in annotations);
  if (own.length > 0 && Object.keys(templateAnnotations).some((key) => isAsking(key, keys)))
    notes.push(`annotations on the pod template are not looked at, as the ${kind} itself carries ${own.join(", ")}`);
  for (const { message } of rules.faults) notes.push(message);
  for (const config of configs) {
    const label = `ReloaderConfig ${config.namespace}/${config.name}`;
    if (!mayName(config))
      notes.push(
        `${label} may not name it: kubectl annotate namespace ${object.metadata.namespace} ${targetsFrom}=${config.namespace}`,
      );
    for (const fault of config.faults) notes.push(`${label}: ${fault}`);
  }
  notes.push(...pauseNotes(kind, object, options));
  return notes;
}

const isAsking = (key: string, keys: ResolvedOptions["keys"]): boolean =>
  key === keys.auto ||
  key === keys.search ||
  Object.values(keys.autoOf).includes(key) ||
  Object.values(keys.named).includes(key);

function pauseNotes(kind: WorkloadName, object: Stored<WorkloadObject>, { keys }: ResolvedOptions): string[] {
  if (kind !== "Deployment") return [];
  const { spec, metadata } = object as Stored<WorkloadObject> & { spec?: { paused?: boolean } };
  const period = pausePeriodOf(object as Parameters<typeof pausePeriodOf>[0], keys);
  const since = metadata.annotations?.[keys.pausedAt];
  if (spec?.paused === true && since === undefined)
    return ["it is paused by somebody: its template is changed, and rolls when it is resumed (kubectl rollout resume)"];
  if (spec?.paused === true && since !== undefined && period.type === "period")
    return [`it is held back since ${since}: it rolls once, ${period.ms / 1000} s after that (${keys.pausePeriod})`];
  if (period.type === "invalid")
    return [`annotation ${keys.pausePeriod}: "${period.text}" is no duration: write it as in 5m or 1h30m`];
  return [];
}
