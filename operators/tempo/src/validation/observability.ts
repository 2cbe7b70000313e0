import { fieldError } from "@homeostat/api";
import type { TempoStackSpec } from "../api/tempo-stack.ts";
import type { FeatureGates } from "../settings/feature-gates.ts";
import { firstOf, type Rule, type Verdict } from "./verdict.ts";

/** What either kind asks for, with the paths of the fields that ask. */
export interface ObservabilityWish {
  readonly gates: FeatureGates;
  readonly isGatewayOn: boolean;
  readonly monitors: { readonly field: string; readonly isWanted: boolean };
  readonly rules: { readonly field: string; readonly isWanted: boolean };
  readonly dataSource: { readonly field: string; readonly isWanted: boolean };
  /** Only a TempoStack has it. */
  readonly tracing?: NonNullable<TempoStackSpec["observability"]>["tracing"];
}

type WishRule = Rule<ObservabilityWish>;

const gateNeeded = (gate: string, what: string) => `the ${gate} feature gate must be enabled to create ${what}`;

const monitorsNeedGate: WishRule = ({ gates, monitors }) =>
  monitors.isWanted && !gates.prometheusOperator
    ? fieldError.invalid(monitors.field, true, gateNeeded("prometheusOperator", "ServiceMonitors"))
    : undefined;

const rulesNeedGate: WishRule = ({ gates, rules }) =>
  rules.isWanted && !gates.prometheusOperator
    ? fieldError.invalid(rules.field, true, gateNeeded("prometheusOperator", "PrometheusRules"))
    : undefined;

const rulesNeedMonitors: WishRule = ({ rules, monitors }) =>
  rules.isWanted && !monitors.isWanted
    ? fieldError.invalid(rules.field, true, `${monitors.field} must be enabled too: the rules read its metrics`)
    : undefined;

const tracingPath = "spec.observability.tracing";

const samplingIsNumber: WishRule = ({ tracing }) => {
  const fraction = tracing?.sampling_fraction;
  if (!fraction || isFloat(fraction)) return undefined;
  return fieldError.invalid(`${tracingPath}.sampling_fraction`, fraction, "must be a number, as in 0.1");
};

/** As Go's `strconv.ParseFloat`, of which hexadecimal and underscored numbers are left out. */
const isFloat = (text: string) => /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)$/i.test(text);

/** Without it the objects cannot be rendered, so it is said here rather than by a failing reconcile. */
const samplingNeedsEndpoint: WishRule = ({ tracing }) => {
  if (!tracing?.sampling_fraction) return undefined;
  const endpoint = tracing.otlp_http_endpoint ?? "";
  if (isUri(endpoint)) return undefined;
  return fieldError.invalid(
    `${tracingPath}.otlp_http_endpoint`,
    endpoint,
    "must be a URI when sampling_fraction is set, as in http://collector:4318",
  );
};

/** As Go's `url.ParseRequestURI`: absolute, or a path from the root. */
const isUri = (text: string) => URL.canParse(text) || (text.startsWith("/") && URL.canParse(text, "http://host"));

const agentIsAddress: WishRule = ({ tracing }) => {
  const endpoint = tracing?.jaeger_agent_endpoint;
  if (!endpoint || /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(endpoint)) return undefined;
  return fieldError.invalid(`${tracingPath}.jaeger_agent_endpoint`, endpoint, "must be host:port");
};

const dataSourceNeedsGate: WishRule = ({ gates, dataSource }) =>
  dataSource.isWanted && !gates.grafanaOperator
    ? fieldError.invalid(dataSource.field, true, gateNeeded("grafanaOperator", "a data source"))
    : undefined;

const dataSourceNotWithGateway: WishRule = ({ isGatewayOn, dataSource }) =>
  dataSource.isWanted && isGatewayOn
    ? fieldError.invalid(dataSource.field, true, "creating a data source is not supported with the gateway")
    : undefined;

export function checkObservability(wish: ObservabilityWish): Verdict {
  const rules = [
    monitorsNeedGate,
    rulesNeedGate,
    rulesNeedMonitors,
    samplingIsNumber,
    samplingNeedsEndpoint,
    agentIsAddress,
    dataSourceNeedsGate,
    dataSourceNotWithGateway,
  ];
  return firstOf(rules, wish);
}
