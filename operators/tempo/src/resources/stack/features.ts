import { componentName } from "../../names.ts";
import type { StackInput } from "../input.ts";
import { servingCaName } from "../serving-certificates.ts";

type Given = Pick<StackInput, "name" | "spec" | "settings">;

export const isGatewayOn = ({ spec }: Pick<Given, "spec">): boolean => spec.template.gateway.enabled;

export const isJaegerOn = ({ spec }: Pick<Given, "spec">): boolean =>
  spec.template.queryFrontend.jaegerQuery.enabled === true;

/** Whether users of the Jaeger UI log in at OpenShift's proxy. The gateway has a login of its own. */
export function hasOauthProxy(given: Pick<Given, "spec">): boolean {
  const { ingress, authentication } = given.spec.template.queryFrontend.jaegerQuery;
  return isJaegerOn(given) && !isGatewayOn(given) && ingress?.type === "route" && authentication?.enabled === true;
}

/** The service account of the query-frontend: the OAuth proxy needs one of its own. */
export const queryFrontendAccount = (given: Pick<Given, "name" | "spec">): string =>
  hasOauthProxy(given) ? componentName(given.name, "query-frontend") : given.spec.serviceAccount;

/** Files for TLS of the distributor's receivers. */
export interface ReceiverFiles {
  /** ConfigMap with the CA of clients. */
  readonly ca?: string;
  /** Secret with the receivers' certificate. */
  readonly cert: string;
  /** Whether OpenShift issues both, as the stack names none. */
  readonly isServingCert: boolean;
}

export function receiverFiles({ name, spec, settings }: Given): ReceiverFiles | undefined {
  const { tls } = spec.template.distributor;
  if (!tls?.enabled) return undefined;
  const ca = tls.caName ? { ca: tls.caName } : {};
  if (tls.certName || !settings.gates["openshift.servingCertsService"])
    return { ...ca, cert: tls.certName ?? "", isServingCert: false };
  return {
    ca: servingCaName(name),
    ...ca,
    cert: `${componentName(name, "distributor")}-serving-cert`,
    isServingCert: true,
  };
}
