import { fieldError } from "@homeostat/api";
import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { type DefaultedMonolithicSpec, defaultMonolithic } from "../defaults/default-monolithic.ts";
import { componentName } from "../names.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
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
import { checkDurations, checkExtraConfig, checkResources, checkVolumeSize } from "./formats.ts";
import { checkObservability } from "./observability.ts";
import { noAuthenticationWarning, tokenReviewProblem } from "./stack-gateway.ts";
import { deprecated, routeGateNeeded } from "./stack-query-frontend.ts";
import { tenantsProblem } from "./tenants.ts";
import { accepted, firstOf, invalid, type Rule, together, type Verdict, warning } from "./verdict.ts";

export interface MonolithicReview {
  readonly monolithic: TempoMonolithic;
  /** What it was before, for an update. */
  readonly old?: TempoMonolithic;
  readonly settings: OperatorSettings;
  readonly facts?: ClusterFacts;
}

interface Given {
  readonly spec: DefaultedMonolithicSpec;
  readonly settings: OperatorSettings;
  readonly facts: ClusterFacts;
}

/** Whether an instance can be run as it stands, with everything that is wrong with it. It is looked at with its defaults. */
export function validateMonolithic({ monolithic, old, settings, facts = {} }: MonolithicReview): Verdict {
  if (isFinalizerRemoval(old, monolithic)) return accepted;
  const { metadata, spec } = defaultMonolithic(monolithic, settings);
  const name = metadata?.name ?? "";
  const given = { spec, settings, facts };
  return together([
    checkName(name),
    checkObjectNames(monolithicNameProblem(name, spec)),
    checkStorage(facts),
    firstOf([ingressNeedsJaeger, routeNeedsJaeger, routeNeedsGate, rbacNotWithJaeger], given),
    checkMultitenancy(given),
    checkObservability(observabilityOf(given)),
    checkAccount(given),
    checkFormats(spec),
    checkNamesake(name, "TempoMonolithic", "TempoStack", facts),
    checkExtra(spec),
    spec.jaegerui?.enabled ? warning(deprecated("spec.jaegerui.enabled")) : accepted,
  ]);
}

const needsJaeger = (what: "ingress" | "route"): Rule<Given> => {
  return ({ spec: { jaegerui } }) =>
    jaegerui?.[what]?.enabled && !jaegerui.enabled
      ? fieldError.invalid(`spec.jaegerui.${what}.enabled`, true, `${what} needs jaegerui: set spec.jaegerui.enabled`)
      : undefined;
};
const ingressNeedsJaeger = needsJaeger("ingress");
const routeNeedsJaeger = needsJaeger("route");

const routeNeedsGate: Rule<Given> = ({ spec, settings }) =>
  spec.jaegerui?.route?.enabled && !settings.gates["openshift.route"]
    ? fieldError.invalid("spec.jaegerui.route.enabled", true, routeGateNeeded)
    : undefined;

/** The field's path as the Go operator states it, where `query` is missing. */
const rbacPath = "spec.rbac.enabled";

const rbacNotWithJaeger: Rule<Given> = ({ spec }) =>
  spec.query?.rbac?.enabled && spec.jaegerui?.enabled
    ? fieldError.invalid(rbacPath, true, "the Jaeger UI does not support query RBAC: disable one of them")
    : undefined;

const rbacNeedsTenants: Rule<Given> = ({ spec }) =>
  spec.query?.rbac?.enabled && !spec.multitenancy?.enabled
    ? fieldError.invalid(rbacPath, true, "RBAC can only be enabled with multi-tenancy: set spec.multitenancy.enabled")
    : undefined;

const isOpenshift = (spec: DefaultedMonolithicSpec) =>
  spec.multitenancy?.enabled === true && spec.multitenancy.mode === "openshift";

const mayReviewTokens: Rule<Given> = ({ spec, facts }) =>
  isOpenshift(spec) && isGatewayOn(spec) ? tokenReviewProblem("spec.multitenancy.mode", facts.tokenReview) : undefined;

const tenantsAreWhole: Rule<Given> = ({ spec }) => {
  const { multitenancy } = spec;
  if (!multitenancy?.enabled) return undefined;
  const problem = tenantsProblem(multitenancy, isGatewayOn(spec));
  return problem === undefined ? undefined : fieldError.invalid("spec.multitenancy.enabled", true, problem);
};

function checkMultitenancy(given: Given): Verdict {
  const isUnprotected = !isGatewayOn(given.spec) && given.settings.gates["openshift.noAuthWarning"];
  return together([
    isUnprotected ? warning(noAuthenticationWarning) : accepted,
    firstOf([rbacNeedsTenants, mayReviewTokens, tenantsAreWhole], given),
  ]);
}

function observabilityOf({ spec, settings: { gates } }: Given) {
  const { metrics, grafana } = spec.observability ?? {};
  const wish = (field: string, isWanted = false) => ({ field: `spec.observability.${field}.enabled`, isWanted });
  return {
    gates,
    isGatewayOn: isGatewayOn(spec),
    monitors: wish("metrics.serviceMonitors", metrics?.serviceMonitors?.enabled),
    rules: wish("metrics.prometheusRules", metrics?.prometheusRules?.enabled),
    dataSource: wish("grafana.dataSource", grafana?.dataSource?.enabled),
  };
}

/** In openshift mode the gateway's rights are bound to the account that the operator makes. */
function checkAccount({ spec, facts }: Given): Verdict {
  const account = spec.serviceAccount;
  if (!account) return accepted;
  if (isOpenshift(spec) && isGatewayOn(spec))
    return invalid("spec.serviceAccount", account, "a custom service account is not supported in openshift mode");
  return checkServiceAccount(account, facts);
}

function checkFormats(spec: DefaultedMonolithicSpec): Verdict {
  const { jaegerui, multitenancy } = spec;
  const { traces } = spec.storage;
  return together([
    checkDurations([
      ["spec.timeout", spec.timeout],
      ["spec.jaegerui.servicesQueryDuration", jaegerui?.servicesQueryDuration],
      ["spec.reconciliation.interval", spec.reconciliation?.interval],
    ]),
    checkVolumeSize("spec.storage.traces.size", traces.size, traces.backend === "memory"),
    checkResources("spec.resources", spec.resources),
    checkResources("spec.jaegerui.resources", jaegerui?.resources),
    checkResources("spec.jaegerui.tempoQueryResources", jaegerui?.tempoQueryResources),
    checkResources("spec.jaegerui.authentication.resources", jaegerui?.authentication?.resources),
    checkResources("spec.multitenancy.resources", multitenancy?.resources),
  ]);
}

/** Why nothing can be made of an instance of this name; see {@link objectNameProblem}. */
export function monolithicNameProblem(name: string, spec: DefaultedMonolithicSpec): string | undefined {
  const service = isGatewayOn(spec) ? "gateway" : spec.jaegerui?.enabled ? "jaegerui" : "tempo";
  return objectNameProblem(name, [
    { kind: "StatefulSet", name: componentName(name) },
    { kind: "Service", name: componentName(name, service) },
  ]);
}

function checkExtra({ extraConfig }: DefaultedMonolithicSpec): Verdict {
  if (extraConfig?.tempo === undefined) return accepted;
  return together([
    warning(extraConfigWarning("TempoMonolithic")),
    checkExtraConfig("spec.extraConfig.tempo", extraConfig.tempo),
  ]);
}
