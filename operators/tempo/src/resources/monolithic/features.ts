import { isGatewayOn } from "../../api/monolithic/gateway-on.ts";
import { componentName } from "../../names.ts";
import type { MonolithicInput } from "../input.ts";

type Given = Pick<MonolithicInput, "name" | "spec" | "settings">;
export type Protocol = "grpc" | "http";
export type Receiver = NonNullable<NonNullable<NonNullable<MonolithicInput["spec"]["ingestion"]>["otlp"]>[Protocol]>;

export const receiverOf = ({ spec }: Given, protocol: Protocol): Receiver => spec.ingestion.otlp[protocol];

export const isJaegerOn = ({ spec }: Given): boolean => spec.jaegerui?.enabled === true;

/** Whether users and their rights are those of the OpenShift cluster. */
export const isOpenshiftMode = ({ spec }: Given): boolean =>
  isGatewayOn(spec) && spec.multitenancy?.mode === "openshift";

/** Whether a Route leads to the Jaeger UI, or to the gateway before it. */
export const hasRoute = (given: Given): boolean => isJaegerOn(given) && given.spec.jaegerui?.route?.enabled === true;

/** Whether users of the Jaeger UI log in at OpenShift's proxy. The gateway has a login of its own. */
export const hasOauthProxy = (given: Given): boolean =>
  hasRoute(given) && given.spec.jaegerui?.authentication?.enabled === true && !isGatewayOn(given.spec);

/** Whether a receiver shows the certificate that OpenShift issues for the Service, as its TLS names none. */
export function hasServingCert(given: Given, protocol: Protocol): boolean {
  const { enabled, tls } = receiverOf(given, protocol);
  return (
    given.settings.gates["openshift.servingCertsService"] &&
    enabled &&
    tls?.enabled === true &&
    !tls.caName &&
    !tls.certName
  );
}

/** Secret of the certificate that OpenShift issues for the Service of `component`. */
export const servingCertSecret = (name: string, component: "tempo" | "gateway"): string =>
  `${componentName(name, component)}-serving-cert`;

/** Of the Service that clients of the receivers ask. */
export const servingCertOfReceivers = ({ name, spec }: Given): string =>
  servingCertSecret(name, isGatewayOn(spec) ? "gateway" : "tempo");

/** The service account that the pod runs as. */
export const serviceAccountOf = ({ name, spec }: Given): string => spec.serviceAccount || componentName(name);
