import { ConfigMap, objectOf } from "@homeostat/api";
import { componentName } from "../names.ts";

type Strings = Readonly<Record<string, string>>;

/** Has OpenShift issue a certificate for the Service that carries these annotations, and keep it in a Secret of that name. */
export const servingCertAnnotations = (secret: string): Strings => ({
  "service.beta.openshift.io/serving-cert-secret-name": secret,
});

/** ConfigMap with the CA of such certificates, for what is not the stack's gateway. */
export const servingCaName = (instance: string): string => `${componentName(instance)}-serving-cabundle`;

/** A ConfigMap that OpenShift fills with the CA of such certificates, so it says nothing of its data. */
export function servingCaConfigMap(name: string, labels: Strings): ConfigMap {
  return objectOf(ConfigMap, {
    metadata: { name, labels, annotations: { "service.beta.openshift.io/inject-cabundle": "true" } },
  });
}
