import { fieldError } from "@homeostat/api";
import { sizes, type TempoStack } from "../api/tempo-stack.ts";
import { type DefaultedStackSpec, defaultStack } from "../defaults/default-stack.ts";
import { componentName } from "../names.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { ingesterQuorum } from "../sizing/sizes.ts";
import {
  checkName,
  checkNamesake,
  checkObjectNames,
  checkServiceAccount,
  checkStorage,
  extraConfigWarning,
  objectNameProblem,
} from "./common.ts";
import type { ClusterFacts } from "./facts.ts";
import { isFinalizerRemoval } from "./finalizer-removal.ts";
import { checkDurations, checkExtraConfig, checkQuantities, checkReplicas, checkResources } from "./formats.ts";
import { checkObservability } from "./observability.ts";
import { checkGateway, checkReceiverTls } from "./stack-gateway.ts";
import { checkQueryFrontend } from "./stack-query-frontend.ts";
import { tenantsProblem } from "./tenants.ts";
import { accepted, error, invalid, together, type Verdict, warning } from "./verdict.ts";

export interface StackReview {
  readonly stack: TempoStack;
  /** What it was before, for an update. */
  readonly old?: TempoStack;
  readonly settings: OperatorSettings;
  readonly facts?: ClusterFacts;
}

/** Whether a stack can be run as it stands, with everything that is wrong with it. It is looked at with its defaults. */
export function validateStack({ stack, old, settings, facts = {} }: StackReview): Verdict {
  if (isFinalizerRemoval(old, stack)) return accepted;
  const { metadata, spec } = defaultStack(stack, settings);
  const name = metadata?.name ?? "";
  const given = { spec, settings, tokenReview: facts.tokenReview };
  return together([
    checkName(name),
    checkObjectNames(stackNameProblem(name)),
    spec.serviceAccount === componentName(name) ? accepted : checkServiceAccount(spec.serviceAccount, facts),
    checkStorage(facts),
    checkExtra(spec),
    checkSize(spec),
    checkReplicationFactor(spec),
    checkZones(spec),
    checkQueryFrontend(given),
    checkGateway(given),
    checkTenants(spec),
    checkObservability(observabilityOf(spec, settings)),
    checkLimits(spec),
    checkReceiverTls(given),
    checkMetricsGenerator(spec),
    checkDurations(durationsOf(spec)),
    checkQuantities([["spec.storageSize", spec.storageSize]]),
    ...resourcesOf(spec).map(([path, resources]) => checkResources(path, resources)),
    checkReplicas(replicasOf(spec)),
    checkNamesake(name, "TempoStack", "TempoMonolithic", facts),
  ]);
}

/** Why nothing can be made of a stack of this name; see {@link objectNameProblem}. */
export const stackNameProblem = (name: string): string | undefined =>
  objectNameProblem(name, [{ kind: "Service", name: componentName(name, "query-frontend-discovery") }]);

function checkExtra({ extraConfig }: DefaultedStackSpec): Verdict {
  if (extraConfig?.tempo === undefined) return accepted;
  return together([
    warning(extraConfigWarning("TempoStack")),
    checkExtraConfig("spec.extraConfig.tempo", extraConfig.tempo),
  ]);
}

function checkSize({ size, resources }: DefaultedStackSpec): Verdict {
  if (size === undefined) return accepted;
  if (!sizes.includes(size)) return error(fieldError.notSupported("spec.size", size, sizes));
  return resources?.total ? warning("spec.size takes precedence over spec.resources.total: leave one out") : accepted;
}

function checkReplicationFactor({ replicationFactor, template }: DefaultedStackSpec): Verdict {
  const quorum = ingesterQuorum(replicationFactor);
  if (template.ingester.replicas >= quorum) return accepted;
  const detail = `replication factor of ${replicationFactor} needs at least ${quorum} ingester replicas`;
  // The name of Go's field, not that of ours: existing users look for it.
  return invalid("spec.ReplicationFactor", replicationFactor, detail);
}

function checkZones({ replicationZones = [] }: DefaultedStackSpec): Verdict {
  const keys = replicationZones.map(({ topologyKey }) => topologyKey);
  const repeated = keys.flatMap((key, at) =>
    keys.indexOf(key) < at ? [fieldError.duplicate(`spec.replicationZones[${at}].topologyKey`, key)] : [],
  );
  const missing = keys.flatMap((key, at) =>
    key === "" ? [fieldError.required(`spec.replicationZones[${at}].topologyKey`, "name a label of nodes")] : [],
  );
  return { errors: [...missing, ...repeated], warnings: [] };
}

function checkTenants({ tenants, template }: DefaultedStackSpec): Verdict {
  const problem = tenants && tenantsProblem(tenants, template.gateway.enabled);
  return problem === undefined ? accepted : invalid("spec.template.tenants", tenants, problem);
}

function observabilityOf({ observability, template }: DefaultedStackSpec, { gates }: OperatorSettings) {
  const { metrics, grafana, tracing } = observability ?? {};
  const wish = (field: string, isWanted = false) => ({ field: `spec.observability.${field}`, isWanted });
  return {
    gates,
    isGatewayOn: template.gateway.enabled,
    monitors: wish("metrics.createServiceMonitors", metrics?.createServiceMonitors),
    rules: wish("metrics.createPrometheusRules", metrics?.createPrometheusRules),
    dataSource: wish("grafana.createDatasource", grafana?.createDatasource),
    ...(tracing ? { tracing } : {}),
  };
}

function checkLimits({ limits }: DefaultedStackSpec): Verdict {
  const everyone = { path: "spec.limits.global", limit: limits?.global };
  const tenants = Object.entries(limits?.perTenant ?? {}).map(([tenant, limit]) => ({
    path: `spec.limits.perTenant[${tenant}]`,
    limit,
  }));
  return together(
    [everyone, ...tenants].map(({ path, limit }) => {
      const value = limit?.query?.maxSearchBytesPerTrace;
      if (value === undefined) return accepted;
      return invalid(`${path}.query.maxSearchBytesPerTrace`, value, "this field is deprecated and must be unset");
    }),
  );
}

function checkMetricsGenerator({ template }: DefaultedStackSpec): Verdict {
  const { enabled, remoteWriteURLs = [] } = template.metricsGenerator ?? {};
  if (!enabled || remoteWriteURLs.length > 0) return accepted;
  const field = "spec.template.metricsGenerator.remoteWriteURLs";
  return error(fieldError.required(field, "at least one URL is needed when the metrics generator is enabled"));
}

function durationsOf(spec: DefaultedStackSpec): readonly (readonly [string, string | undefined])[] {
  const { retention, limits, search, template } = spec;
  return [
    ["spec.timeout", spec.timeout],
    ["spec.retention.global.traces", retention.global.traces],
    ...Object.entries(retentionsOf(spec)).map(
      ([tenant, { traces }]) => [`spec.retention.perTenant[${tenant}].traces`, traces] as const,
    ),
    ["spec.limits.global.query.maxSearchDuration", limits?.global?.query?.maxSearchDuration],
    ...Object.entries(limits?.perTenant ?? {}).map(
      ([tenant, { query }]) =>
        [`spec.limits.perTenant[${tenant}].query.maxSearchDuration`, query?.maxSearchDuration] as const,
    ),
    ["spec.search.maxDuration", search.maxDuration],
    [
      "spec.template.queryFrontend.jaegerQuery.servicesQueryDuration",
      template.queryFrontend.jaegerQuery.servicesQueryDuration,
    ],
    ["spec.reconciliation.interval", spec.reconciliation?.interval],
  ];
}

const retentionsOf = ({ retention }: { retention?: TempoStack["spec"]["retention"] }) => retention?.perTenant ?? {};

/** Every place where resources of containers can be said. */
function resourcesOf({ resources, template }: DefaultedStackSpec) {
  const jaeger = template.queryFrontend.jaegerQuery;
  const holders = {
    ...componentsOf(template),
    "queryFrontend.jaegerQuery": jaeger,
    "queryFrontend.jaegerQuery.tempoQuery": jaeger.tempoQuery,
    "queryFrontend.jaegerQuery.authentication": jaeger.authentication,
  };
  return [
    ["spec.resources.total", resources?.total] as const,
    ...Object.entries(holders).map(([at, holder]) => [`spec.template.${at}.resources`, holder?.resources] as const),
  ];
}

const replicasOf = ({ template }: DefaultedStackSpec) =>
  Object.entries(componentsOf(template)).map(
    ([at, component]) => [`spec.template.${at}.replicas`, component?.replicas] as const,
  );

function componentsOf(template: DefaultedStackSpec["template"]) {
  const { queryFrontend, distributor, gateway, metricsGenerator } = template;
  return {
    ingester: template.ingester,
    "distributor.component": distributor.component,
    compactor: template.compactor,
    querier: template.querier,
    "queryFrontend.component": queryFrontend.component,
    "gateway.component": gateway.component,
    "metricsGenerator.component": metricsGenerator?.component,
  };
}
