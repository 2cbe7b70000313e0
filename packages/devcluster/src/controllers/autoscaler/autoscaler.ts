import {
  apiVersionOf,
  Deployment,
  formatTime,
  HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerCondition,
  type HorizontalPodAutoscalerStatus,
  isBeingDeleted,
  ReplicaSet,
  type Resource,
  StatefulSet,
  type Stored,
  type Transport,
} from "@homeostat/api";
import type { Cache, CachedObject, ControllerDefinition, ReconcileContext, Request, Result } from "@homeostat/runtime";
import { semanticallyEqual } from "../../workloads/equality.ts";
import { clusterController } from "../cluster-controller.ts";
import { discoverKind } from "../discovery.ts";
import {
  type Measurements,
  metricsAnnotation,
  metricsOf,
  parseMeasurements,
  type Reading,
  readMetric,
} from "./metrics.ts";
import { decide, type History, noHistory, replicasFor } from "./recommend.ts";

/** Between two rounds while something depends on time. Source: `--horizontal-pod-autoscaler-sync-period`. */
const roundMs = 15_000;
/** Longest window or period there is. */
const longestMs = 3_600_000;

/**
 * Scales what autoscalers point at, by measurements that are pretended: see `metricsAnnotation`. Without any it says
 * what a cluster without a metrics server says. Source: kube-controller-manager, `podautoscaler/horizontal.go`.
 */
export function horizontalPodAutoscaler(options: {
  readonly transport: Transport;
}): ControllerDefinition<HorizontalPodAutoscaler> {
  const histories = new Map<string, History>();
  return clusterController(HorizontalPodAutoscaler, "horizontal-pod-autoscaler")
    .withPredicates()
    .watches(Deployment, scaledBy(Deployment), { metadataOnly: true })
    .watches(StatefulSet, scaledBy(StatefulSet), { metadataOnly: true })
    .watches(ReplicaSet, scaledBy(ReplicaSet), { metadataOnly: true })
    .watches(HorizontalPodAutoscaler, {
      handler: ({ type, object }) => type === "deleted" && histories.delete(object.metadata.uid),
    })
    .reconcile((context) => new Round(context, options.transport, histories).run());
}

const scaledBy =
  (resource: Resource) =>
  ({ metadata: { name, namespace } }: CachedObject, cache: Cache): Request[] =>
    [...(cache.store(HorizontalPodAutoscaler)?.entries({ namespace: namespace! }) ?? [])]
      .filter((entry) => {
        const { kind, name: target, apiVersion = "" } = entry.object().spec.scaleTargetRef;
        return kind === resource.kind && target === name && apiVersion === apiVersionOf(resource);
      })
      .map(({ metadata }) => ({ namespace: namespace!, name: metadata.name }));

type ConditionType = "AbleToScale" | "ScalingActive" | "ScalingLimited";

/** One look at one autoscaler. */
class Round {
  readonly #context: ReconcileContext<HorizontalPodAutoscaler>;
  readonly #transport: Transport;
  readonly #histories: Map<string, History>;
  readonly #now: number;
  #conditions: readonly HorizontalPodAutoscalerCondition[];

  constructor(
    context: ReconcileContext<HorizontalPodAutoscaler>,
    transport: Transport,
    histories: Map<string, History>,
  ) {
    this.#context = context;
    this.#transport = transport;
    this.#histories = histories;
    this.#now = context.clock.now();
    this.#conditions = context.object.status?.conditions ?? [];
  }

  async run(): Promise<Result> {
    const { object: autoscaler, client, events } = this.#context;
    if (isBeingDeleted(autoscaler)) return {};
    const { minReplicas = 1, maxReplicas, scaleTargetRef } = autoscaler.spec;
    const key = { namespace: autoscaler.metadata.namespace!, name: scaleTargetRef.name };
    let resource: Resource;
    let current: number;
    try {
      resource = await discoverKind(this.#transport, scaleTargetRef.apiVersion ?? "v1", scaleTargetRef.kind);
      current = (await client.scale.get(resource, key)).spec?.replicas ?? 0;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      events.warning("FailedGetScale", why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      this.#set("AbleToScale", "False", "FailedGetScale", message);
      await this.#write({ desiredReplicas: autoscaler.status?.desiredReplicas ?? 0 });
      return { requeueAfterMs: roundMs };
    }
    const able = "the HPA controller was able to get the target's current scale";
    this.#set("AbleToScale", "True", "SucceededGetScale", able);
    if (current === 0 && minReplicas !== 0) {
      const message = "scaling is disabled since the replica count of the target is zero";
      this.#set("ScalingActive", "False", "ScalingDisabled", message);
      await this.#write({ currentReplicas: 0, desiredReplicas: 0 });
      return {};
    }
    if (current > maxReplicas || current < minReplicas) {
      const [replicas, side] =
        current > maxReplicas ? [maxReplicas, "above Spec.MaxReplicas"] : [minReplicas, "below Spec.MinReplicas"];
      await this.#scale(resource, key, current, replicas, `Current number of replicas ${side}`);
      await this.#write({ currentReplicas: current, desiredReplicas: replicas, ...this.#scaledNow() });
      return { requeueAfterMs: roundMs };
    }
    return this.#measure(resource, key, current);
  }

  async #measure(resource: Resource, key: { namespace: string; name: string }, current: number): Promise<Result> {
    const { object: autoscaler, client } = this.#context;
    // A change must show in the measurements before the next one is judged.
    const settledAt = (this.#history().changes.at(-1)?.at ?? Number.NEGATIVE_INFINITY) + roundMs;
    if (settledAt > this.#now) return { requeueAfterMs: settledAt - this.#now };
    const target = await client.get(resource, key, { from: "live" });
    const measured: Measurements = parseMeasurements(
      target.metadata.annotations?.[metricsAnnotation],
      autoscaler.metadata.annotations?.[metricsAnnotation],
    );
    const readings = metricsOf(autoscaler).map((metric) => readMetric(metric, measured));
    const read = readings.filter((reading) => reading.type === "read");
    const currentMetrics = read.map(({ status }) => status);
    const proposals = read.map((reading) => reading.replicas ?? replicasFor(current, reading.ratio));
    const wanted = Math.max(...proposals);
    const failed = readings.filter((reading) => reading.type === "failed");
    // Without one metric of several only growing is safe.
    if (read.length === 0 || (failed.length > 0 && wanted < current)) {
      this.#tellFailure(failed, readings.length);
      await this.#write({
        currentReplicas: current,
        desiredReplicas: autoscaler.status?.desiredReplicas ?? 0,
        currentMetrics,
      });
      return {};
    }
    const { title } = read[proposals.indexOf(wanted)]!;
    const valid = `the HPA was able to successfully calculate a replica count from ${title}`;
    this.#set("ScalingActive", "True", "ValidMetricFound", valid);
    const decision = decide(autoscaler, current, wanted, this.#history(), this.#now);
    this.#remember("recommendations", wanted);
    this.#set("AbleToScale", "True", decision.ableToScale.reason, decision.ableToScale.message);
    const { status, reason, message } = decision.limited;
    this.#set("ScalingLimited", status, reason, message);
    if (decision.replicas !== current) {
      const why = decision.replicas > current ? `${title} above target` : "All metrics below target";
      await this.#scale(resource, key, current, decision.replicas, why);
    }
    const scaled = decision.replicas === current ? {} : this.#scaledNow();
    await this.#write({ currentReplicas: current, desiredReplicas: decision.replicas, currentMetrics, ...scaled });
    // Settled where the next look would see and decide the same.
    return decision.replicas === current && decision.reviewAt === undefined && !reason.endsWith("Limit")
      ? {}
      : { requeueAfterMs: roundMs };
  }

  #tellFailure(failed: readonly Extract<Reading, { type: "failed" }>[], count: number): void {
    const [first] = failed;
    if (!first) return;
    const { events } = this.#context;
    const message = `the HPA was unable to compute the replica count: ${first.message}`;
    const known = this.#conditions.find(({ type }) => type === "ScalingActive");
    if (known?.reason !== first.reason || known.message !== message) {
      events.warning(first.reason, first.message);
      const summary = `invalid metrics (${failed.length} invalid out of ${count}), first error is: ${first.message}`;
      events.warning("FailedComputeMetricsReplicas", summary);
    }
    this.#set("ScalingActive", "False", first.reason, message);
  }

  async #scale(
    resource: Resource,
    key: { namespace: string; name: string },
    current: number,
    replicas: number,
    why: string,
  ): Promise<void> {
    const { client, events } = this.#context;
    await client.scale.set(resource, key, replicas);
    this.#remember("changes", replicas - current);
    events.normal("SuccessfulRescale", `New size: ${replicas}; reason: ${why}`);
    const message = `the HPA controller was able to update the target scale to ${replicas}`;
    this.#set("AbleToScale", "True", "SucceededRescale", message);
  }

  #scaledNow(): { readonly lastScaleTime: string } {
    return { lastScaleTime: formatTime(this.#now) };
  }

  #history(): History {
    return this.#histories.get(this.#context.object.metadata.uid) ?? noHistory;
  }

  #remember(what: keyof History, replicas: number): void {
    const history = this.#history();
    const recent = history[what].filter(({ at }) => at > this.#now - longestMs);
    const next = { ...history, [what]: [...recent, { at: this.#now, replicas }] };
    this.#histories.set(this.#context.object.metadata.uid, next);
  }

  #set(type: ConditionType, status: "True" | "False", reason: string, message: string): void {
    const old = this.#conditions.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? (old.lastTransitionTime ?? null) : formatTime(this.#now);
    const next = { type, status, lastTransitionTime, reason, message };
    this.#conditions = old
      ? this.#conditions.map((condition) => (condition === old ? next : condition))
      : [...this.#conditions, next];
  }

  async #write(change: HorizontalPodAutoscalerStatus): Promise<void> {
    const { object, client } = this.#context;
    const { lastScaleTime } = object.status ?? {};
    const status: HorizontalPodAutoscalerStatus = {
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      ...(object.metadata.generation === undefined ? {} : { observedGeneration: object.metadata.generation }),
      ...change,
      conditions: this.#conditions,
    };
    if (semanticallyEqual(object.status, status)) return;
    const next: Stored<HorizontalPodAutoscaler> = { ...object, status };
    await client.status.update(HorizontalPodAutoscaler, next);
  }
}
