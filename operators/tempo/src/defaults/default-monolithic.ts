import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import type { TempoMonolithic, TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import {
  type Draft,
  defaultAccessReview,
  defaultServicesQueryDuration,
  defaultTimeout,
  draftOf,
  filledSecurityContext,
} from "./common.ts";
import { isZeroDuration, normalDuration, normalQuantity, normalResources } from "./normal-form.ts";

type Spec = TempoMonolithicSpec;

/** A spec with defaults: what the operator renders from. It is never written back. */
export type DefaultedMonolithicSpec = Spec & {
  readonly management: "Managed" | "Unmanaged";
  readonly timeout: string;
  readonly storage: {
    readonly traces: NonNullable<NonNullable<Spec["storage"]>["traces"]> & { readonly size: string | number };
  };
  readonly ingestion: {
    readonly otlp: { readonly grpc: { readonly enabled: boolean }; readonly http: { readonly enabled: boolean } };
  };
};
export type DefaultedMonolithic = Omit<TempoMonolithic, "spec"> & { readonly spec: DefaultedMonolithicSpec };

type DraftSpec = Draft<Spec>;

/** The instance with everything filled in that it leaves open. Applying it twice changes nothing more. */
export function defaultMonolithic(monolithic: TempoMonolithic, settings: OperatorSettings): DefaultedMonolithic {
  const draft = draftOf(monolithic);
  const spec = (draft.spec ??= {}) as DraftSpec;
  spec.management ??= "Managed";
  spec.timeout = isZeroDuration(spec.timeout) ? defaultTimeout : normalDuration(spec.timeout!);
  setStorage(spec);
  setIngestion(spec);
  setJaeger(spec, monolithic.metadata?.namespace ?? "", settings);
  if (spec.multitenancy) spec.multitenancy.mode ??= "static";
  const filled = filledSecurityContext(spec.podSecurityContext, settings.defaultPodSecurityContext);
  spec.podSecurityContext = filled as typeof spec.podSecurityContext;
  for (const holder of [spec, spec.multitenancy]) {
    if (holder?.resources) holder.resources = normalResources(holder.resources);
  }
  return draft as DefaultedMonolithic;
}

function setStorage(spec: DraftSpec): void {
  spec.storage ??= {};
  spec.storage.traces ??= { backend: "memory" };
  const { traces } = spec.storage;
  traces.backend ??= "memory";
  traces.size = normalQuantity(traces.size ?? (traces.backend === "memory" ? "2Gi" : "10Gi"));
}

function setIngestion(spec: DraftSpec): void {
  spec.ingestion ??= {};
  spec.ingestion.otlp ??= {};
  const { otlp } = spec.ingestion;
  for (const protocol of ["grpc", "http"] as const) {
    otlp[protocol] ??= { enabled: true };
    otlp[protocol].enabled ??= true;
  }
}

function setJaeger(spec: DraftSpec, namespace: string, { gates }: OperatorSettings): void {
  const jaeger = spec.jaegerui;
  if (!jaeger?.enabled) return;
  jaeger.servicesQueryDuration = isZeroDuration(jaeger.servicesQueryDuration)
    ? defaultServicesQueryDuration
    : normalDuration(jaeger.servicesQueryDuration!);
  jaeger.findTracesConcurrentRequests ||= 2;
  if (jaeger.resources) jaeger.resources = normalResources(jaeger.resources);
  if (jaeger.tempoQueryResources) jaeger.tempoQueryResources = normalResources(jaeger.tempoQueryResources);
  if (!jaeger.route?.enabled) return;
  jaeger.route.termination ??= isGatewayOn(spec) && gates["openshift.servingCertsService"] ? "reencrypt" : "edge";
  jaeger.authentication ??= { enabled: gates["openshift.oauthProxy"] };
  const { authentication } = jaeger;
  authentication.enabled ??= gates["openshift.oauthProxy"];
  if (authentication.enabled && !authentication.sar?.trim()) authentication.sar = defaultAccessReview(namespace);
  authentication.resources = normalResources(authentication.resources ?? {});
}
