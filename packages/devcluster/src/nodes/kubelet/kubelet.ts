import {
  type Clock,
  ConfigMap,
  isBeingDeleted,
  isConflict,
  isNotFound,
  type KubeObject,
  Node,
  Pod,
  type PodStatus,
  Secret,
  type Stored,
} from "@homeostat/api";
import {
  type ControllerDefinition,
  controllerFor,
  type EventHandler,
  type ReconcileContext,
  type Request,
  type Result,
} from "@homeostat/runtime";
import { semanticallyEqual } from "../../workloads/equality.ts";
import { isUnreachable } from "../node-state.ts";
import { type ContainerEvent, earliest } from "./container-state.ts";
import { findMissing, hasReferences, type MissingReferences } from "./missing-references.ts";
import { PodAddresses } from "./pod-addresses.ts";
import { defaultMissingImages } from "./program.ts";
import { type PodStage, spreadOf, stageOf } from "./stages.ts";
import {
  acceptPod,
  containerPath,
  deadlineOf,
  expirePod,
  type PodView,
  runsContainers,
  stepPod,
  stopPod,
} from "./step-pod.ts";

export interface KubeletOptions {
  /**
   * `instant` (default): pods start and stop as soon as they can, still one visible step after the other.
   * `real`: as on a small cluster, a second or two for each. `manual`: pods stay as they are put on their nodes, whoever
   * runs the test writes their status; only deletion is finished. Pods in a stage go by it even so.
   */
  readonly speed?: "instant" | "real" | "manual";
  /** In [0, 1): spreads the times of `real`. Default: the middle. */
  readonly random?: () => number;
  /** Images that cannot be pulled, `*` standing for anything. Default: those of upstream's tests, `*:non-existent` … */
  readonly missingImages?: readonly string[];
  /** How pods behave that these stages are for, beside the built-in ones; see `stageLabel`. Default: none. */
  readonly stages?: readonly PodStage[];
  readonly concurrency?: number;
}

const asKubelet = { fieldManager: "kubelet" } as const;
const nothingMissing: MissingReferences = { containers: new Map(), volume: undefined };

/**
 * A kubelet for all nodes that only pretends: no process runs, and a pod's status goes through what it would go through.
 * Where a container would end, fail or wait is told by the pod: see `programOf`. What it decides follows from the status
 * and the time, so it can be stopped and started at any moment.
 *
 * On a node that nobody has heard from (its condition Ready is Unknown) nothing happens: pods are not started, and those
 * that are deleted stay until the node is back, is deleted, or somebody deletes them without grace.
 */
export function kubelet(options: KubeletOptions = {}): ControllerDefinition<Pod> {
  const machine = new Kubelet(options);
  return controllerFor(Pod, {
    name: "kubelet",
    concurrency: options.concurrency ?? 10,
    retryBaseMs: 5,
    pausePrefix: "devcluster.homeostat.dev",
    loopGuard: false,
  })
    .withPredicates()
    .watches(Pod, { handler: ({ type, object }) => type === "deleted" && machine.forget(object.metadata.uid) })
    .watches(Node, { handler: machine.wakeWaiting })
    .watches(ConfigMap, { handler: machine.wakeWaiting }, { metadataOnly: true })
    .watches(Secret, { handler: machine.wakeWaiting }, { metadataOnly: true })
    .reconcile((context) => machine.reconcile(context));
}

class Kubelet {
  readonly #speed: NonNullable<KubeletOptions["speed"]>;
  readonly #random: () => number;
  readonly #missingImages: readonly string[];
  readonly #stages: readonly PodStage[];
  readonly #addresses = new PodAddresses();
  /** Pods that wait for something else than time, by uid. */
  readonly #waiting = new Map<string, Request>();

  constructor(options: KubeletOptions) {
    const { speed = "instant", random = () => 0.5, missingImages = defaultMissingImages, stages = [] } = options;
    this.#stages = stages;
    this.#speed = speed;
    this.#random = random;
    this.#missingImages = missingImages;
  }

  readonly wakeWaiting: EventHandler<KubeObject> = (_, enqueue) => {
    for (const request of this.#waiting.values()) enqueue(request);
  };

  forget(uid: string): void {
    this.#addresses.release(uid);
    this.#waiting.delete(uid);
  }

  async reconcile(context: ReconcileContext<Pod>): Promise<Result> {
    const { object: pod, client } = context;
    const { uid } = pod.metadata;
    this.#waiting.delete(uid);
    if (!pod.spec?.nodeName) return {};
    const node = await client.find(Node, { name: pod.spec.nodeName });
    if (node && isUnreachable(node)) {
      this.#waiting.set(uid, context.request);
      return {};
    }
    if (isBeingDeleted(pod)) return this.#stop(context);
    const choice = stageOf(pod, this.#stages);
    if (this.#speed === "manual" && choice.type !== "stage") return {};
    const phase = pod.status?.phase;
    if (phase === "Succeeded" || phase === "Failed") {
      this.#addresses.release(uid);
      return {};
    }
    if (!node) {
      this.#waiting.set(uid, context.request);
      return {};
    }
    const hostIP = node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "127.0.0.1";
    const now = context.clock.now();
    if (!pod.status?.startTime) {
      if (choice.type === "unknown") context.events.warning("UnknownStage", choice.message);
      await this.#write(context, acceptPod({ pod, hostIP, now }));
      return {};
    }
    const deadline = deadlineOf(pod);
    if (deadline !== undefined && now >= deadline) {
      await this.#write(context, expirePod(pod, now));
      return {};
    }
    const result = await this.#step(context, node, hostIP);
    const requeueAfterMs = earliest(result.requeueAfterMs, deadline === undefined ? undefined : deadline - now);
    return requeueAfterMs === undefined ? {} : { requeueAfterMs };
  }

  async #step(context: ReconcileContext<Pod>, node: Stored<Node>, hostIP: string): Promise<Result> {
    const { object: pod, client, clock, events } = context;
    const missing = hasReferences(pod) ? await findMissing(client, pod) : nothingMissing;
    if (missing.volume !== undefined && !pod.status?.podIP) {
      this.#waiting.set(pod.metadata.uid, context.request);
      events.warning("FailedMount", missing.volume);
      return { requeueAfterMs: 120_000 };
    }
    if (missing.containers.size > 0) this.#waiting.set(pod.metadata.uid, context.request);
    const hostNetwork = pod.spec?.hostNetwork === true;
    const podIP = hostNetwork ? hostIP : this.#addresses.take(pod.metadata.uid, node, pod.status?.podIP);
    const step = stepPod(this.#view(pod, hostIP, podIP, missing, clock));
    await this.#write(context, step.status);
    tell(events, step.events);
    return step.wakeAt === undefined ? {} : { requeueAfterMs: Math.max(1, step.wakeAt - clock.now()) };
  }

  #view(pod: Stored<Pod>, hostIP: string, podIP: string, missing: MissingReferences, clock: Clock): PodView {
    const choice = stageOf(pod, this.#stages);
    const stage: Partial<PodStage> = choice.type === "stage" ? choice.stage : {};
    const real = (stage.speed ?? this.#speed) === "real";
    const spread = spreadOf(pod.metadata.uid);
    const startMs = stage.delayMs ?? (real ? 1_000 + spread * 1_000 : 0);
    return {
      pod,
      hostIP,
      podIP,
      programs: {
        missingImages: this.#missingImages,
        workMs: real ? 2_000 : 0,
        probeDelays: real,
        ...(stage.behavior === undefined ? {} : { behavior: stage.behavior }),
      },
      startMs: startMs + spread * (stage.jitterMs ?? 0),
      configProblems: missing.containers,
      now: clock.now(),
    };
  }

  /** Stops the containers, then deletes the pod for good. What finalizers keep is left to who set them. */
  async #stop(context: ReconcileContext<Pod>): Promise<Result> {
    const { object: pod, client, clock, events } = context;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, uid } = pod.metadata;
    if (runsContainers(pod)) {
      const askedAt = Date.parse(deletionTimestamp!) - deletionGracePeriodSeconds * 1000;
      const stopMs =
        this.#speed === "real" ? Math.min(deletionGracePeriodSeconds * 1000, 500 + this.#random() * 1_000) : 0;
      const leftMs = askedAt + stopMs - clock.now();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
      for (const { name, state } of [...initContainerStatuses, ...containerStatuses]) {
        if (state?.running)
          events.normal("Killing", `Stopping container ${name}`, { fieldPath: containerPath(pod, name) });
      }
      await this.#write(context, stopPod(pod, clock.now()));
      return {};
    }
    if (deletionGracePeriodSeconds === 0 && (pod.metadata.finalizers ?? []).length > 0) return {};
    try {
      await client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Gone, or already another pod of that name.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
    return {};
  }

  async #write({ client, object: pod }: ReconcileContext<Pod>, status: PodStatus): Promise<boolean> {
    if (semanticallyEqual(pod.status, status)) return false;
    try {
      await client.status.update(Pod, { ...pod, status }, asKubelet);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }
}

function tell(recorder: ReconcileContext<Pod>["events"], events: readonly ContainerEvent[]): void {
  for (const { type, reason, message, ...details } of events) {
    if (type === "Normal") recorder.normal(reason, message, details);
    else recorder.warning(reason, message, details);
  }
}
