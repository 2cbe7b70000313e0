import type { Size, TempoStack, TempoStackSpec } from "../api/tempo-stack.ts";
import { componentName } from "../names.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { ingesterQuorum, type ReplicatedComponent, sizeDefaults } from "../sizing/sizes.ts";
import {
  type Draft,
  defaultAccessReview,
  defaultServicesQueryDuration,
  defaultTimeout,
  draftOf,
  filledSecurityContext,
} from "./common.ts";
import { isPositiveQuantity, isZeroDuration, normalDuration, normalQuantity, normalResources } from "./normal-form.ts";

type Spec = TempoStackSpec;

/** A spec with defaults: what the operator renders from. */
export type DefaultedStackSpec = Spec & {
  readonly timeout: string;
  readonly serviceAccount: string;
  readonly replicationFactor: number;
  readonly retention: { readonly global: { readonly traces: string } };
  readonly search: { readonly defaultResultLimit: number; readonly maxDuration: string };
  readonly template: NonNullable<Spec["template"]> & {
    readonly ingester: { readonly replicas: number };
    readonly distributor: { readonly component: { readonly replicas: number } };
    readonly compactor: { readonly replicas: number };
    readonly querier: { readonly replicas: number };
    readonly queryFrontend: {
      readonly component: { readonly replicas: number };
      readonly jaegerQuery: { readonly servicesQueryDuration: string };
    };
    readonly gateway: { readonly enabled: boolean; readonly component: { readonly replicas: number } };
  };
};
export type DefaultedStack = Omit<TempoStack, "spec"> & { readonly spec: DefaultedStackSpec };

/** One step of defaulting; steps run in order, since later ones look at what earlier ones filled in. */
type Step = (stack: DraftStack, settings: OperatorSettings) => void;
type DraftStack = Draft<TempoStack>;

const steps: readonly Step[] = [
  setLabels,
  setGeneral,
  setReplicas,
  setExposure,
  setAddressFamily,
  setJaeger,
  setMetricsGenerator,
  setSecurityContexts,
  normalise,
];

/**
 * The stack with everything filled in that it leaves open. Pure, and the same whether the webhook calls it or a
 * reconcile of an object that no webhook has seen. Applying it twice changes nothing more.
 */
export function defaultStack(stack: TempoStack, settings: OperatorSettings): DefaultedStack {
  const draft = draftOf(stack);
  for (const step of steps) step(draft, settings);
  return draft as DefaultedStack;
}

function setLabels(stack: DraftStack, { distribution }: OperatorSettings): void {
  const metadata = (stack.metadata ??= {}) as { labels?: Record<string, string> };
  const labels = { ...metadata.labels };
  labels["app.kubernetes.io/managed-by"] ||= "tempo-operator";
  labels["tempo.grafana.com/distribution"] = distribution;
  metadata.labels = labels;
}

function setGeneral(stack: DraftStack): void {
  const { spec } = stack;
  spec.serviceAccount ||= componentName(stack.metadata?.name ?? "");
  if (isZeroDuration(spec.timeout)) spec.timeout = defaultTimeout;
  const everyone = within(within(spec, "retention"), "global");
  if (isZeroDuration(everyone.traces)) everyone.traces = "48h0m0s";
  if (!isPositiveQuantity(spec.storageSize)) spec.storageSize = "10Gi";
  const search = within(spec, "search");
  search.defaultResultLimit ??= 20;
  search.maxDuration ??= "0s";
}

function setReplicas({ spec }: DraftStack): void {
  const size = knownSize(spec.size);
  const replicationFactor = spec.replicationFactor || size?.replicationFactor || 1;
  const template = within(spec, "template");
  const of = (component: ReplicatedComponent) => size?.replicas[component] ?? 1;
  within(template, "ingester").replicas ??= size ? ingesterQuorum(replicationFactor) : 1;
  within(within(template, "distributor"), "component").replicas ??= of("distributor");
  within(template, "compactor").replicas ??= of("compactor");
  within(template, "querier").replicas ??= of("querier");
  within(within(template, "queryFrontend"), "component").replicas ??= of("query-frontend");
  template.gateway ??= { enabled: false };
  within(template.gateway, "component").replicas ??= of("gateway");
  if (size) within(within(template, "metricsGenerator"), "component").replicas ??= of("metrics-generator");
  spec.replicationFactor = replicationFactor;
}

/** A size that is none is refused by validation; until then it stands for no size. */
function knownSize(size: Size | undefined) {
  return size !== undefined && Object.hasOwn(sizeDefaults, size) ? sizeDefaults[size] : undefined;
}

function setExposure({ spec }: DraftStack): void {
  const { gateway, queryFrontend } = spec.template!;
  if (spec.tenants?.mode === "openshift") within(gateway!, "ingress").type ||= "route";
  setTermination(gateway!.ingress, "reencrypt");
  setTermination(queryFrontend!.jaegerQuery?.ingress, "edge");
}

type Exposure = NonNullable<NonNullable<DraftStack["spec"]["template"]>["gateway"]>["ingress"];

function setTermination(ingress: Exposure, termination: "edge" | "reencrypt"): void {
  if (ingress?.type === "route") within(ingress, "route").termination ||= termination;
}

function setAddressFamily({ spec }: DraftStack, { ipv6Only }: OperatorSettings): void {
  if (ipv6Only) within(within(spec, "hashRing"), "memberlist").enableIPv6 ??= true;
}

function setJaeger({ metadata, spec }: DraftStack, { gates }: OperatorSettings): void {
  const jaeger = within(spec.template!.queryFrontend!, "jaegerQuery");
  if (isZeroDuration(jaeger.servicesQueryDuration)) jaeger.servicesQueryDuration = defaultServicesQueryDuration;
  if (gates["openshift.oauthProxy"] && jaeger.ingress?.type === "route") jaeger.authentication ??= { enabled: true };
  const { authentication } = jaeger;
  if (authentication?.enabled && !authentication.sar?.trim())
    authentication.sar = defaultAccessReview(metadata?.namespace ?? "");
}

function setMetricsGenerator({ spec }: DraftStack): void {
  const generator = spec.template!.metricsGenerator;
  if (generator?.enabled && !generator.processors?.length)
    generator.processors = ["span-metrics", "service-graphs", "local-blocks"];
}

function setSecurityContexts({ spec }: DraftStack, { defaultPodSecurityContext }: OperatorSettings): void {
  for (const { component } of componentsOf(spec))
    component.podSecurityContext = filledSecurityContext(
      component.podSecurityContext,
      defaultPodSecurityContext,
    ) as typeof component.podSecurityContext;
}

type Component = NonNullable<NonNullable<DraftStack["spec"]["template"]>["ingester"]>;

/** Every component block of a defaulted template; that of the metrics generator only where it is wanted. */
function componentsOf(spec: DraftStack["spec"]): readonly { readonly component: Component }[] {
  const { ingester, distributor, compactor, querier, queryFrontend, gateway, metricsGenerator } = spec.template!;
  return [
    { component: ingester! },
    { component: distributor!.component! },
    { component: compactor! },
    { component: querier! },
    { component: queryFrontend!.component! },
    { component: gateway!.component! },
    ...(metricsGenerator?.enabled ? [{ component: within(metricsGenerator, "component") }] : []),
  ];
}

function normalise({ spec }: DraftStack): void {
  spec.timeout = normalDuration(spec.timeout!);
  spec.storageSize = normalQuantity(spec.storageSize);
  spec.search!.maxDuration = normalDuration(spec.search!.maxDuration!);
  const jaeger = spec.template!.queryFrontend!.jaegerQuery!;
  jaeger.servicesQueryDuration = normalDuration(jaeger.servicesQueryDuration!);
  for (const retention of [spec.retention!.global!, ...Object.values(spec.retention!.perTenant ?? {})])
    if (retention.traces !== undefined) retention.traces = normalDuration(retention.traces);
  for (const limits of [spec.limits?.global, ...Object.values(spec.limits?.perTenant ?? {})])
    if (limits?.query?.maxSearchDuration !== undefined)
      limits.query.maxSearchDuration = normalDuration(limits.query.maxSearchDuration);
  const holders = [jaeger, jaeger.tempoQuery, jaeger.authentication, ...componentsOf(spec).map((one) => one.component)];
  for (const holder of holders) if (holder?.resources) holder.resources = normalResources(holder.resources);
  if (spec.resources?.total) spec.resources.total = normalResources(spec.resources.total);
}

/** The object under `field`, made where it is missing. */
function within<T extends object, K extends keyof T>(parent: T, field: K): NonNullable<T[K]> {
  parent[field] ??= {} as NonNullable<T[K]>;
  return parent[field] as NonNullable<T[K]>;
}
