import { fieldError } from "@homeostat/api";
import type { DefaultedStackSpec } from "../defaults/default-stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { accepted, firstOf, type Rule, together, type Verdict, warning } from "./verdict.ts";

interface Given {
  readonly spec: DefaultedStackSpec;
  readonly settings: OperatorSettings;
}

const jaegerPath = "spec.template.queryFrontend.jaegerQuery";
const typePath = `${jaegerPath}.ingress.type`;
const jaegerOf = ({ spec }: Given) => spec.template.queryFrontend.jaegerQuery;

/** Said wherever a Route is asked for on a platform without. */
export const routeGateNeeded = "enable the openshiftRoute feature gate (openshift.route) to use routes";

const ingressNeedsJaeger: Rule<Given> = (given) => {
  const { enabled, ingress } = jaegerOf(given);
  const isExposed = ingress?.type === "ingress" || ingress?.type === "route";
  if (!isExposed || enabled) return undefined;
  return fieldError.invalid(typePath, ingress.type, `ingress needs jaegerQuery: set ${jaegerPath}.enabled`);
};

const routeNeedsGate: Rule<Given> = (given) => {
  const type = jaegerOf(given).ingress?.type;
  if (type !== "route" || given.settings.gates["openshift.route"]) return undefined;
  return fieldError.invalid(typePath, type, routeGateNeeded);
};

const monitorNeedsEndpoint: Rule<Given> = (given) => {
  const { monitorTab } = jaegerOf(given);
  if (!monitorTab?.enabled || monitorTab.prometheusEndpoint) return undefined;
  return fieldError.invalid(
    `${jaegerPath}.monitorTab.prometheusEndpoint`,
    monitorTab.prometheusEndpoint ?? "",
    "must be set when monitoring is enabled",
  );
};

export function checkQueryFrontend(given: Given): Verdict {
  return together([
    firstOf([ingressNeedsJaeger, routeNeedsGate, monitorNeedsEndpoint], given),
    jaegerOf(given).enabled ? warning(deprecated(`${jaegerPath}.enabled`)) : accepted,
  ]);
}

/** The warning about Jaeger's UI and API, for either kind. */
export function deprecated(field: string): string {
  return `${field} is deprecated and will be removed in a future release: use Grafana, or Tempo's own API`;
}
