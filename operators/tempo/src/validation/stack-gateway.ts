import { fieldError } from "@homeostat/api";
import type { DefaultedStackSpec } from "../defaults/default-stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { TokenReviewAnswer } from "./facts.ts";
import { routeGateNeeded } from "./stack-query-frontend.ts";
import { accepted, error, firstOf, type Rule, type Verdict, warning } from "./verdict.ts";

interface Given {
  readonly spec: DefaultedStackSpec;
  readonly settings: OperatorSettings;
  readonly tokenReview?: TokenReviewAnswer | undefined;
}

const enabledPath = "spec.template.gateway.enabled";
const refuse = (detail: string) => fieldError.invalid(enabledPath, true, detail);

const notWithJaegerIngress: Rule<Given> = ({ spec }) => {
  const type = spec.template.queryFrontend.jaegerQuery.ingress?.type;
  if (type !== "ingress" && type !== "route") return undefined;
  return refuse("cannot have both a gateway and a Jaeger ingress: use the Jaeger UI through the gateway");
};

const rbacNotWithJaeger: Rule<Given> = ({ spec }) =>
  spec.template.gateway.rbac?.enabled && spec.template.queryFrontend.jaegerQuery.enabled
    ? refuse("the Jaeger UI does not support query RBAC: disable gateway.rbac or jaegerQuery")
    : undefined;

const needsTenants: Rule<Given> = ({ spec }) =>
  spec.tenants === undefined ? refuse("configure tenants to enable the gateway: set spec.tenants") : undefined;

const routeNeedsGate: Rule<Given> = ({ spec, settings }) => {
  const type = spec.template.gateway.ingress?.type;
  if (type !== "route" || settings.gates["openshift.route"]) return undefined;
  return fieldError.invalid("spec.template.gateway.ingress.type", type, routeGateNeeded);
};

const notWithReceiverTls: Rule<Given> = ({ spec }) =>
  spec.template.distributor.tls?.enabled
    ? refuse("cannot be combined with spec.template.distributor.tls: the gateway ends TLS of what comes in")
    : undefined;

const mayReviewTokens: Rule<Given> = ({ spec, tokenReview }) =>
  spec.tenants?.mode === "openshift" ? tokenReviewProblem("spec.tenants.mode", tokenReview) : undefined;

/** The gateway reviews tokens with rights that the stack's author hands it, so the author must have them. */
export function tokenReviewProblem(field: string, answer: TokenReviewAnswer | undefined) {
  if (answer === undefined || answer.isAllowed) return undefined;
  return fieldError.invalid(
    field,
    "openshift",
    `user ${answer.user} may not create tokenreviews.authentication.k8s.io, which this mode needs: ask for a role that allows it`,
  );
}

const rules = [
  notWithJaegerIngress,
  rbacNotWithJaeger,
  needsTenants,
  routeNeedsGate,
  notWithReceiverTls,
  mayReviewTokens,
];

export const noAuthenticationWarning =
  "without the gateway there is no authentication or authorization: this is not supported on OpenShift";

export function checkGateway(given: Given): Verdict {
  if (given.spec.template.gateway.enabled) return firstOf(rules, given);
  return given.settings.gates["openshift.noAuthWarning"] ? warning(noAuthenticationWarning) : accepted;
}

/** Certificates of receivers come from the user unless the platform issues them. */
export function checkReceiverTls({ spec, settings }: Given): Verdict {
  const { tls } = spec.template.distributor;
  if (!tls?.enabled || tls.certName || settings.gates["openshift.servingCertsService"]) return accepted;
  return error(
    fieldError.invalid(
      "spec.template.distributor.tls.cert",
      tls.certName ?? "",
      "name of a certificate Secret is needed when TLS is enabled: set certName",
    ),
  );
}
