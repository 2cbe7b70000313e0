import {
  controllerOf,
  Deployment,
  type DeploymentStatus,
  findCondition,
  formatLabelSelector,
  isAlreadyExists,
  isBeingDeleted,
  isControlledBy,
  isNotFound,
  ownerReference,
  Pod,
  ReplicaSet,
  type Stored,
} from "@homeostat/api";
import type { ControllerDefinition, EventHandler, ReconcileContext, Result } from "@homeostat/runtime";
import { claim } from "../claim.ts";
import { semanticallyEqual } from "../equality.ts";
import { errorText, isNamespaceTerminating, isTerminated } from "../pods.ts";
import { templateHash } from "../template-hash.ts";
import { wakeOrphansOwners } from "../wake-orphans-owners.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { newestAnnotations, revisionAnnotation, revisionOf, withSizes } from "./annotations.ts";
import { type Change, withCondition } from "./conditions.ts";
import { allOf, findReplicaSets, hashLabel, type ReplicaSets, replicasOf, sum } from "./replica-sets.ts";
import {
  emptyOld,
  isRollingUpdate,
  isScalingEvent,
  maxSurge,
  newestSize,
  proportionalSizes,
  type Resize,
  shrinkOld,
  wantedReplicas,
} from "./sizing.ts";
import { countedStatus, hasDeadline, isComplete, rolloutStatus, untilDeadlineMs } from "./status.ts";

/**
 * Rolls a Deployment's template out over ReplicaSets, one per template. Each reconcile takes one step (makes a
 * ReplicaSet, grows the newest, or shrinks old ones) and says in the status how far it is; the events of that step
 * bring the next. Source: kube-controller-manager, `pkg/controller/deployment`.
 */
export function deploymentController(options: WorkloadOptions): ControllerDefinition<Deployment> {
  return (
    workloadController(Deployment, "deployment-controller", options)
      .owns(ReplicaSet)
      .watches(ReplicaSet, { handler: wakeOrphansOwners(Deployment, ({ spec }) => spec?.selector) })
      // Recreate waits until old pods are gone, and a ReplicaSet says nothing when its last terminating pod goes.
      .watches(Pod, { handler: wakeWhenPodIsGone })
      .reconcile((context) => new Rollout(context).run())
  );
}

const wakeWhenPodIsGone: EventHandler<Pod> = ({ type, object }, enqueue, cache) => {
  const { namespace, ownerReferences } = object.metadata;
  const set = controllerOf({ metadata: { ownerReferences } });
  if (type !== "deleted" || set?.kind !== "ReplicaSet" || namespace === undefined) return;
  const owners = cache.store(ReplicaSet)?.peek({ namespace, name: set.name })?.metadata.ownerReferences ?? [];
  const deployment = controllerOf({ metadata: { ownerReferences: owners } });
  if (deployment?.kind === "Deployment") enqueue({ namespace, name: deployment.name });
};

/** One reconcile of one Deployment. */
class Rollout {
  readonly #context: ReconcileContext<Deployment>;
  /** As of the newest write. */
  #deployment: Stored<Deployment>;

  constructor(context: ReconcileContext<Deployment>) {
    this.#context = context;
    this.#deployment = context.object;
  }

  async run(): Promise<Result> {
    const selector = this.#deployment.spec!.selector;
    if (Object.keys(selector).length === 0) return {};
    const sets = findReplicaSets(this.#deployment, await claim(this.#context, Deployment, ReplicaSet, selector));
    if (isBeingDeleted(this.#deployment)) return this.#finish(sets, countedStatus);
    await this.#notePause();
    const paused = this.#deployment.spec?.paused === true;
    if (paused || isScalingEvent(this.#deployment, sets)) return this.#scale(sets, paused);
    return isRollingUpdate(this.#deployment) ? this.#roll(sets) : this.#recreate(sets);
  }

  /** Gives the newest ReplicaSet its annotations, sizes all in proportion, and makes none. */
  async #scale(found: ReplicaSets, paused: boolean): Promise<Result> {
    const sets = await this.#markNewest(found);
    await this.#resizeAll(proportionalSizes(this.#deployment, sets));
    if (paused) await this.#deleteOld(sets);
    return this.#finish(sets, countedStatus);
  }

  async #roll(found: ReplicaSets): Promise<Result> {
    const sets = found.newest ? await this.#markNewest(found) : await this.#createNewest(found);
    if (!sets) return {};
    const { newest } = sets;
    const size = newestSize(this.#deployment, replicasOf(newest!), sum(allOf(sets), replicasOf));
    const steps = size === replicasOf(newest!) ? shrinkOld(this.#deployment, sets) : [{ set: newest!, replicas: size }];
    await this.#resizeAll(steps);
    if (steps.length === 0 && isComplete(this.#deployment, this.#deployment.status)) await this.#deleteOld(sets);
    return this.#finish(sets, rolloutStatus);
  }

  async #recreate(found: ReplicaSets): Promise<Result> {
    const sets = found.newest ? await this.#markNewest(found) : found;
    const steps = emptyOld(sets);
    await this.#resizeAll(steps);
    if (steps.length > 0 || (await this.#oldPodsRun(sets))) return this.#finish(sets, rolloutStatus);
    const complete = sets.newest ? sets : await this.#createNewest(sets);
    if (!complete) return {};
    await this.#resizeAll([{ set: complete.newest!, replicas: wantedReplicas(this.#deployment) }]);
    if (isComplete(this.#deployment, this.#deployment.status)) await this.#deleteOld(complete);
    return this.#finish(complete, rolloutStatus);
  }

  async #finish(
    sets: ReplicaSets,
    judge: (deployment: Deployment, sets: ReplicaSets, now: number) => DeploymentStatus,
  ): Promise<Result> {
    const now = this.#context.clock.now();
    await this.#write(judge(this.#deployment, sets, now));
    const requeueAfterMs = untilDeadlineMs(this.#deployment, this.#deployment.status ?? {}, now);
    return requeueAfterMs === undefined ? {} : { requeueAfterMs };
  }

  async #write(status: DeploymentStatus): Promise<void> {
    this.#deployment = await writeStatus(this.#context.client, Deployment, this.#deployment, status);
  }

  async #say(change: Change): Promise<void> {
    const { status } = this.#deployment;
    const conditions = withCondition(status?.conditions ?? [], change, this.#context.clock.now());
    await this.#write({ ...status, conditions });
  }

  /** Pausing stops the clock of the deadline, and going on starts it anew. */
  async #notePause(): Promise<void> {
    if (!hasDeadline(this.#deployment)) return;
    const current = findCondition(this.#deployment.status?.conditions, "Progressing");
    if (current?.reason === "ProgressDeadlineExceeded") return;
    const paused = this.#deployment.spec?.paused === true;
    if (paused === (current?.reason === "DeploymentPaused")) return;
    const [reason, message] = paused
      ? ["DeploymentPaused", "Deployment is paused"]
      : ["DeploymentResumed", "Deployment is resumed"];
    await this.#say({ type: "Progressing", status: "Unknown", reason, message });
  }

  /** The newest ReplicaSet carries the highest revision, also when it is an old one that came back. */
  async #markNewest(sets: ReplicaSets): Promise<ReplicaSets> {
    const { newest, old } = sets;
    if (!newest) return sets;
    const deployment = this.#deployment;
    const annotations = newestAnnotations(deployment, newest, Math.max(0, ...old.map(revisionOf)) + 1);
    const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
    let current = newest;
    if (
      !semanticallyEqual(newest.metadata.annotations, annotations) ||
      (newest.spec?.minReadySeconds ?? 0) !== minReadySeconds
    ) {
      const metadata = { ...newest.metadata, annotations };
      const next = { ...newest, metadata, spec: { ...newest.spec!, minReadySeconds } };
      current = await this.#context.client.update(ReplicaSet, next, asControllerManager);
    }
    await this.#noteRevision(current);
    if (hasDeadline(deployment) && !findCondition(this.#deployment.status?.conditions, "Progressing")) {
      const message = `Found new replica set "${newest.metadata.name}"`;
      await this.#say({ type: "Progressing", status: "True", reason: "FoundNewReplicaSet", message });
    }
    return { newest: current, old };
  }

  async #noteRevision(newest: Stored<ReplicaSet>): Promise<void> {
    const revision = newest.metadata.annotations?.[revisionAnnotation];
    const { annotations } = this.#deployment.metadata;
    if (revision === undefined || annotations?.[revisionAnnotation] === revision) return;
    const patch = { metadata: { annotations: { [revisionAnnotation]: revision } } };
    const { client } = this.#context;
    this.#deployment = await client.patchMerge(Deployment, this.#deployment.metadata, patch, asControllerManager);
  }

  /** @returns undefined where nothing can be made, or the name is taken and the next try takes another */
  async #createNewest(sets: ReplicaSets): Promise<ReplicaSets | undefined> {
    const { client, events } = this.#context;
    const wanted = this.#newReplicaSet(sets);
    try {
      const newest = await client.create(ReplicaSet, wanted, asControllerManager);
      const size = replicasOf(newest);
      if (size > 0)
        events.normal("ScalingReplicaSet", `Scaled up replica set ${newest.metadata.name} from 0 to ${size}`);
      await this.#noteRevision(newest);
      if (hasDeadline(this.#deployment)) {
        const message = `Created new replica set "${newest.metadata.name}"`;
        await this.#say({ type: "Progressing", status: "True", reason: "NewReplicaSetCreated", message });
      }
      return { newest, old: sets.old };
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (isAlreadyExists(error)) return this.#onTakenName(sets, wanted, error);
      const message = `Failed to create new replica set "${wanted.metadata!.name}": ${errorText(error)}`;
      if (hasDeadline(this.#deployment)) {
        await this.#say({ type: "Progressing", status: "False", reason: "ReplicaSetCreateError", message });
      }
      events.warning("ReplicaSetCreateError", message);
      throw error;
    }
  }

  /** Ours from an earlier try, or a collision of hashes: then the count makes the next name another one. */
  async #onTakenName(sets: ReplicaSets, wanted: ReplicaSet, error: unknown): Promise<ReplicaSets> {
    const { client } = this.#context;
    const deployment = this.#deployment;
    const key = { namespace: deployment.metadata.namespace!, name: wanted.metadata!.name! };
    const existing = await client.get(ReplicaSet, key, { from: "live" });
    if (isControlledBy(existing, deployment) && findReplicaSets(deployment, [existing]).newest) {
      return { newest: existing, old: sets.old };
    }
    await this.#write({ ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 });
    throw error;
  }

  #newReplicaSet(sets: ReplicaSets): ReplicaSet {
    const deployment = this.#deployment;
    const { name, namespace } = deployment.metadata;
    const { template, selector, minReadySeconds = 0 } = deployment.spec!;
    const hash = templateHash(template, deployment.status?.collisionCount ?? 0);
    const labels = { ...template.metadata?.labels, [hashLabel]: hash };
    const revision = Math.max(0, ...sets.old.map(revisionOf)) + 1;
    const wanted = wantedReplicas(deployment);
    return {
      metadata: {
        name: `${name}-${hash}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels,
        annotations: withSizes(newestAnnotations(deployment, {}, revision), wanted, wanted + maxSurge(deployment)),
        ownerReferences: [ownerReference(deployment, { controller: true, resource: Deployment })],
      },
      spec: {
        replicas: newestSize(deployment, 0, sum(sets.old, replicasOf)),
        minReadySeconds,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
  }

  async #resizeAll(steps: readonly Resize[]): Promise<void> {
    for (const { set, replicas } of steps) {
      const before = replicasOf(set);
      if (replicas === before) continue;
      const wanted = wantedReplicas(this.#deployment);
      const annotations = withSizes(set.metadata.annotations, wanted, wanted + maxSurge(this.#deployment));
      const next = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec!, replicas } };
      await this.#context.client.update(ReplicaSet, next, asControllerManager);
      const direction = replicas > before ? "up" : "down";
      const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
      this.#context.events.normal("ScalingReplicaSet", message);
    }
  }

  async #oldPodsRun({ old }: ReplicaSets): Promise<boolean> {
    if (old.some((set) => (set.status?.replicas ?? 0) > 0)) return true;
    const uids = new Set(old.map(({ metadata }) => metadata.uid));
    if (uids.size === 0) return false;
    const namespace = this.#deployment.metadata.namespace!;
    const labelSelector = formatLabelSelector(this.#deployment.spec!.selector);
    const { items } = await this.#context.client.list(Pod, { namespace, labelSelector });
    return items.some(
      (pod) =>
        !isTerminated(pod) && pod.metadata.ownerReferences?.some(({ controller, uid }) => controller && uids.has(uid)),
    );
  }

  /** Old ReplicaSets are kept for undoing; the oldest beyond the limit go. */
  async #deleteOld({ old }: ReplicaSets): Promise<void> {
    const limit = this.#deployment.spec?.revisionHistoryLimit ?? 10;
    const alive = old.filter((set) => !isBeingDeleted(set)).sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of alive.slice(0, Math.max(0, alive.length - limit))) {
      const settled = (set.status?.observedGeneration ?? 0) >= (set.metadata.generation ?? 0);
      if (!settled || replicasOf(set) > 0 || (set.status?.replicas ?? 0) > 0) continue;
      try {
        await this.#context.client.delete(ReplicaSet, set.metadata, { preconditions: { uid: set.metadata.uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }
}
