import { componentName } from "../../names.ts";
import type { StackInput } from "../input.ts";

type Given = Pick<StackInput, "name" | "spec" | "settings">;

/** Whether OpenShift issues a certificate for the gateway's Service. */
export const hasServingCertService = ({ settings }: Pick<Given, "settings">): boolean =>
  settings.gates["openshift.servingCertsService"];

/** Whether the gateway shows it to clients: where they are OpenShift's, and so trust it. */
export const hasServingCert = (given: Pick<Given, "spec" | "settings">): boolean =>
  given.spec.tenants?.mode === "openshift" && hasServingCertService(given);

/** Secret that OpenShift writes the certificate into. */
export const servingCertName = ({ name }: Pick<Given, "name">): string => `${componentName(name, "gateway")}-tls`;

/** ConfigMap that OpenShift writes the certificate's CA into. */
export const cabundleName = (name: string): string => componentName(name, "gateway-cabundle");
