import {
  type HorizontalPodAutoscaler,
  type MetricSpec,
  type MetricStatus,
  type MetricTarget,
  type MetricValueStatus,
  parseQuantity,
  quantityToNumber,
} from "@homeostat/api";

/**
 * Pretended measurements, on an autoscaler or on what it scales: `cpu=85%,memory=200Mi,requests-per-second=12`. A
 * percentage is an average use of what the pods ask for, an amount an average over the pods; of metrics that are not
 * the pods' own (Object, External) it is the whole. Without them there are no metrics, as on a cluster without a
 * metrics server.
 */
export const metricsAnnotation = "dev.homeostat/metrics";

export type Measurements = ReadonlyMap<string, string>;

/** The text of the annotation, read; what is no pair is passed over. */
export function parseMeasurements(...texts: readonly (string | undefined)[]): Measurements {
  const pairs = texts.flatMap((text) => (text ?? "").split(",").map((pair) => pair.trim().split("=")));
  return new Map(pairs.flatMap(([name, value]) => (name && value ? [[name.trim(), value.trim()] as const] : [])));
}

/** What one metric says. */
export type Reading =
  | {
      readonly type: "read";
      /** By how much more than wanted is used. */
      readonly ratio: number;
      /** Replicas that would be wanted, where the metric is the whole of a load rather than an average. */
      readonly replicas?: number;
      readonly status: MetricStatus;
      /** What the metric is called in conditions. */
      readonly title: string;
    }
  | { readonly type: "failed"; readonly reason: string; readonly message: string };

export const metricsOf = (autoscaler: HorizontalPodAutoscaler): readonly MetricSpec[] => autoscaler.spec.metrics ?? [];

/** Pure. Source: kube-controller-manager, podautoscaler `computeReplicasForMetric`. */
export function readMetric(metric: MetricSpec, measured: Measurements): Reading {
  const { name, target } = describe(metric);
  const value = measured.get(name);
  if (value === undefined) return failure(metric, name, missing(metric, name));
  try {
    return /^\d+(\.\d+)?%$/.test(value)
      ? readUtilization(metric, name, target, Number(value.slice(0, -1)))
      : readAmount(metric, name, target, value);
  } catch (error) {
    return failure(metric, name, `measurement ${name}=${value}: ${error instanceof Error ? error.message : error}`);
  }
}

function describe({ resource, containerResource, pods, object, external }: MetricSpec): {
  readonly name: string;
  readonly target: MetricTarget;
} {
  const own = resource ?? containerResource;
  if (own) return own;
  const other = pods ?? object ?? external;
  return other ? { name: other.metric.name, target: other.target } : { name: "", target: { type: "" } };
}

const isWhole = ({ type }: MetricSpec): boolean => type === "Object" || type === "External";

function readUtilization(metric: MetricSpec, name: string, target: MetricTarget, percent: number): Reading {
  if (target.averageUtilization === undefined)
    return failure(metric, name, `measurement ${name}=${percent}%: the target of the metric is no utilization`);
  return {
    type: "read",
    ratio: percent / target.averageUtilization,
    status: statusOf(metric, { averageUtilization: Math.round(percent) }),
    title: `${name} resource utilization (percentage of request)`,
  };
}

function readAmount(metric: MetricSpec, name: string, target: MetricTarget, value: string): Reading {
  const wanted = target.averageValue ?? target.value;
  if (wanted === undefined)
    return failure(
      metric,
      name,
      `measurement ${name}=${value}: the target of the metric is a utilization: give a percentage`,
    );
  parseQuantity(value);
  const ratio = quantityToNumber(value) / quantityToNumber(wanted);
  const shared = isWhole(metric) && target.averageValue !== undefined;
  const current = isWhole(metric) ? { value } : { averageValue: value };
  return {
    type: "read",
    ratio,
    // What comes from outside is shared by the pods, however many there are.
    ...(shared ? { replicas: Math.ceil(ratio) } : {}),
    status: statusOf(metric, current),
    title: isWhole(metric)
      ? `${metric.type.toLowerCase()} metric ${name}`
      : metric.pods
        ? `pods metric ${name}`
        : `${name} resource`,
  };
}

function statusOf(metric: MetricSpec, current: MetricValueStatus): MetricStatus {
  const { type, resource, containerResource, pods, object, external } = metric;
  if (resource) return { type, resource: { name: resource.name, current } };
  if (containerResource)
    return {
      type,
      containerResource: { name: containerResource.name, container: containerResource.container, current },
    };
  if (pods) return { type, pods: { metric: pods.metric, current } };
  if (object) return { type, object: { metric: object.metric, describedObject: object.describedObject, current } };
  return { type, external: { metric: external!.metric, current } };
}

function missing(metric: MetricSpec, name: string): string {
  if (metric.resource || metric.containerResource) {
    return `unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)`;
  }
  const api = metric.external ? "external" : "custom";
  return `unable to get metric ${name}: unable to fetch metrics from ${api} metrics API: the server could not find the metric ${name}`;
}

function failure(metric: MetricSpec, name: string, why: string): Reading {
  const what =
    metric.resource?.target.averageUtilization === undefined ? `${name} metric value` : `${name} utilization`;
  const resource = metric.type === "Resource" || metric.type === "ContainerResource";
  const reason = `FailedGet${metric.type}Metric`;
  return {
    type: "failed",
    reason,
    message: `failed to get ${resource ? what : `${metric.type.toLowerCase()} metric`}: ${why}`,
  };
}
