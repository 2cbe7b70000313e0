import {
  controllerOf,
  isBeingDeleted,
  isNotFound,
  type KubeObject,
  type LabelSelector,
  Pod,
  type PodTemplateSpec,
  ReplicaSet,
  type ReplicaSetStatus,
  ReplicationController,
  type Resource,
  type Stored,
} from "@homeostat/api";
import type { ControllerDefinition, ReconcileContext, Result } from "@homeostat/runtime";
import { claim } from "../claim.ts";
import { errorText, isActive, isNamespaceTerminating, nextAvailableMs, podFromTemplate } from "../pods.ts";
import { slowStart } from "../slow-start.ts";
import { wakeOrphansOwners } from "../wake-orphans-owners.ts";
import { asControllerManager, type WorkloadOptions, workloadController } from "../workload-controller.ts";
import { writeStatus } from "../write-status.ts";
import { chooseVictims, type PodsOnNode } from "./choose-victims.ts";
import { type ReplicaView, replicaStatus } from "./status.ts";

/** How many pods are made or deleted in one go. */
const burst = 500;

/** What ReplicaSets and ReplicationControllers have in common, under one shape. */
export interface Replicated {
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
}

interface ReplicatedKind<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly name: string;
  readonly read: (object: Stored<T>) => Replicated;
  /** The part of the status that the kind has. */
  readonly statusOf: (status: ReplicaSetStatus) => ReplicaSetStatus;
}

type WithReplicaStatus = KubeObject & { readonly status?: ReplicaSetStatus };

/** Keeps as many pods as a ReplicaSet wants. */
export function replicaSetController(options: WorkloadOptions): ControllerDefinition<ReplicaSet> {
  return replicatedController<ReplicaSet>(
    {
      resource: ReplicaSet,
      name: "replicaset-controller",
      read: ({ spec }) => ({
        replicas: spec?.replicas ?? 1,
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: spec!.selector,
        template: spec?.template ?? {},
      }),
      statusOf: (status) => status,
    },
    options,
  );
}

/** Keeps as many pods as a ReplicationController wants: the same, with a selector of labels only. */
export function replicationControllerController(options: WorkloadOptions): ControllerDefinition<ReplicationController> {
  return replicatedController<ReplicationController & WithReplicaStatus>(
    {
      resource: ReplicationController as Resource<ReplicationController & WithReplicaStatus>,
      name: "replication-controller",
      read: ({ spec }) => ({
        replicas: spec?.replicas ?? 1,
        minReadySeconds: spec?.minReadySeconds ?? 0,
        selector: { matchLabels: spec?.selector ?? {} },
        template: spec?.template ?? {},
      }),
      statusOf: ({ terminatingReplicas: _, ...status }) => status,
    },
    options,
  ) as ControllerDefinition<ReplicationController>;
}

function replicatedController<T extends WithReplicaStatus>(
  kind: ReplicatedKind<T>,
  options: WorkloadOptions,
): ControllerDefinition<T> {
  return workloadController(kind.resource, kind.name, options)
    .owns(Pod)
    .watches(Pod, { handler: wakeOrphansOwners(kind.resource, (object) => kind.read(object).selector) })
    .reconcile((context) => reconcile(context, kind));
}

async function reconcile<T extends WithReplicaStatus>(
  context: ReconcileContext<T>,
  kind: ReplicatedKind<T>,
): Promise<Result> {
  const { object, client, clock } = context;
  const wanted = kind.read(object);
  const pods = await claim(context, kind.resource, Pod, wanted.selector);
  const active = pods.filter(isActive);
  const outcome = isBeingDeleted(object) ? {} : await manage(context, kind, wanted, active);
  const { failure, error } = outcome;
  const view: ReplicaView = {
    generation: object.metadata.generation ?? 0,
    minReadySeconds: wanted.minReadySeconds,
    templateLabels: wanted.template.metadata?.labels ?? {},
    pods,
    ...(failure ? { failure } : {}),
    now: clock.now(),
  };
  const status = kind.statusOf(replicaStatus(object.status, view));
  await writeStatus(client, kind.resource, object, status as T["status"]);
  if (error !== undefined) throw error;
  const requeueAfterMs = nextAvailableMs(active, wanted.minReadySeconds, clock.now());
  return requeueAfterMs === undefined ? {} : { requeueAfterMs };
}

interface Managed {
  readonly failure?: NonNullable<ReplicaView["failure"]>;
  readonly error?: unknown;
}

async function manage<T extends WithReplicaStatus>(
  context: ReconcileContext<T>,
  kind: ReplicatedKind<T>,
  wanted: Replicated,
  active: readonly Stored<Pod>[],
): Promise<Managed> {
  const missing = wanted.replicas - active.length;
  if (missing > 0) {
    const { error } = await slowStart(Math.min(missing, burst), () => createPod(context, kind, wanted.template));
    if (error === undefined || isNamespaceTerminating(error)) return {};
    return { error, failure: { reason: "FailedCreate", message: errorText(error) } };
  }
  if (missing === 0) return {};
  const victims = chooseVictims(active, Math.min(-missing, burst), podsOnNodes(context, kind.resource, active));
  const results = await Promise.allSettled(victims.map((pod) => deletePod(context, pod)));
  const failed = results.find((result) => result.status === "rejected");
  if (!failed) return {};
  return { error: failed.reason, failure: { reason: "FailedDelete", message: errorText(failed.reason) } };
}

async function createPod<T extends KubeObject>(
  { client, object, events }: ReconcileContext<T>,
  { resource }: ReplicatedKind<T>,
  template: PodTemplateSpec,
): Promise<void> {
  const pod = podFromTemplate(template, object, resource, { generateName: `${object.metadata.name}-` });
  try {
    const created = await client.create(Pod, pod, asControllerManager);
    events.normal("SuccessfulCreate", `Created pod: ${created.metadata.name}`);
  } catch (error) {
    if (!isNamespaceTerminating(error)) events.warning("FailedCreate", `Error creating: ${errorText(error)}`);
    throw error;
  }
}

async function deletePod<T extends KubeObject>(
  { client, events }: ReconcileContext<T>,
  pod: Stored<Pod>,
): Promise<void> {
  const { name, uid } = pod.metadata;
  try {
    await client.delete(Pod, pod.metadata, { preconditions: { uid } });
    events.normal("SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (error) {
    if (isNotFound(error)) return;
    events.warning("FailedDelete", `Error deleting: ${errorText(error)}`);
    throw error;
  }
}

/** Pods of this set and of its siblings under the same owner, by node: during a rollout they are one workload. */
function podsOnNodes<T extends KubeObject>(
  { cache, object }: ReconcileContext<T>,
  resource: Resource<T>,
  own: readonly Stored<Pod>[],
): PodsOnNode {
  const owner = controllerOf(object);
  const namespace = object.metadata.namespace!;
  const siblings = owner ? [...(cache.store(resource)?.entries({ namespace, ownerUid: owner.uid }) ?? [])] : [];
  const related = siblings
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid)
    .flatMap(({ metadata }) => cache.store(Pod)?.list({ namespace, ownerUid: metadata.uid }) ?? [])
    .filter(isActive);
  const counts = new Map<string, number>();
  for (const { spec } of [...own, ...related]) {
    if (spec?.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  }
  return (node) => counts.get(node) ?? 0;
}
