import { componentName, serviceHost } from "../names.ts";

/** A certificate that a component shows to the others, both where it serves and where it calls. */
export interface ComponentCertificate {
  readonly secretName: string;
  /** Host names it is reached by. */
  readonly hosts: readonly string[];
}

const stackComponents = [
  "distributor",
  "ingester",
  "querier",
  "query-frontend",
  "compactor",
  "gateway",
  "metrics-generator",
] as const;

/** Those of a TempoStack: one for each component that there can be, whether or not it is there. */
export function stackCertificates(name: string, namespace: string): readonly ComponentCertificate[] {
  return stackComponents.map((component) => certificateOf(componentName(name, component), namespace));
}

/** That of a TempoMonolithic. */
export function monolithicCertificates(name: string, namespace: string): readonly ComponentCertificate[] {
  return [certificateOf(componentName(name), namespace)];
}

function certificateOf(service: string, namespace: string): ComponentCertificate {
  // Containers of one pod talk to each other as localhost.
  const hosts = ["localhost", serviceHost(service, namespace), `${service}.${namespace}.svc`];
  return { secretName: `${service}-mtls`, hosts };
}
