import { Ingress, objectOf, parseDuration } from "@homeostat/api";
import type { Termination } from "../../api/ingress.ts";
import { Route } from "../../platform/kinds.ts";

type Strings = Readonly<Record<string, string>>;

/** A port of a Service that is to be reached from outside the cluster. */
interface Exposed {
  readonly name: string;
  readonly labels: Strings;
  /** The user's. */
  readonly annotations?: Strings | undefined;
  /** Left out: any host, or one that the platform chooses. */
  readonly host?: string | undefined;
  readonly service: string;
  /** Name of the Service's port. */
  readonly port: string;
}

export interface ExposedByIngress extends Exposed {
  readonly ingressClassName?: string | undefined;
}

export function exposureIngress(exposed: ExposedByIngress): Ingress {
  const { host, ingressClassName } = exposed;
  const backend = { service: { name: exposed.service, port: { name: exposed.port } } };
  const rule = { host: host ?? "", http: { paths: [{ path: "/", pathType: "Prefix" as const, backend }] } };
  return objectOf(Ingress, {
    metadata: metadata(exposed, exposed.annotations),
    spec: {
      ...(ingressClassName ? { ingressClassName } : {}),
      ...(host ? { rules: [rule] } : { defaultBackend: backend }),
    },
  });
}

export interface ExposedByRoute extends Exposed {
  readonly termination: Termination | undefined;
  /** Longest a request may take, as Go writes it: the router gives up no earlier. */
  readonly timeout: string;
  /** Whether the Route says that it takes no subdomains. Default false: it says nothing, which means the same. */
  readonly isExact?: boolean;
}

const timeoutAnnotation = "haproxy.router.openshift.io/timeout";

export function exposureRoute(exposed: ExposedByRoute): Route {
  const { annotations, host, termination, timeout } = exposed;
  const seconds = `${Math.ceil(parseDuration(timeout) / 1000)}s`;
  return objectOf(Route, {
    metadata: metadata(exposed, { [timeoutAnnotation]: seconds, ...annotations }),
    spec: {
      ...(host ? { host } : {}),
      to: { kind: "Service", name: exposed.service },
      port: { targetPort: exposed.port },
      ...(termination && termination !== "insecure" ? { tls: { termination } } : {}),
      ...(exposed.isExact ? { wildcardPolicy: "None" as const } : {}),
    },
  });
}

const metadata = ({ name, labels }: Exposed, annotations: Strings | undefined) => ({
  name,
  labels,
  ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
});

/** What a resource says of how something is reached. */
export interface ExposureSpec {
  readonly type?: "ingress" | "route" | "none" | "" | undefined;
  readonly annotations?: Strings | undefined;
  readonly host?: string | undefined;
  readonly ingressClassName?: string | undefined;
  readonly route?: { readonly termination?: Termination | undefined } | undefined;
}

type Backend = Pick<ExposedByRoute, "name" | "labels" | "service" | "port" | "timeout" | "isExact">;

/** The Ingress, or the Route, or neither. */
export function exposureOf(spec: ExposureSpec | undefined, backend: Backend): readonly (Ingress | Route)[] {
  if (spec?.type === "route") {
    const { annotations, host, route } = spec;
    return [exposureRoute({ ...backend, annotations, host, termination: route?.termination })];
  }
  if (spec?.type !== "ingress") return [];
  const { annotations, host, ingressClassName } = spec;
  const { name, labels, service, port } = backend;
  return [exposureIngress({ name, labels, service, port, annotations, host, ingressClassName })];
}
