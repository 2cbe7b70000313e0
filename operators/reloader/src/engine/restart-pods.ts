import {
  type ApiError,
  controllerOf,
  formatLabelSelector,
  isNotFound,
  isTooManyRequests,
  type LabelSelector,
  labelMatcher,
  type OwnerReference,
  Pod,
  ReplicaSet,
  ReplicationController,
  type Stored,
} from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import type { WorkloadObject } from "../kinds.ts";
import type { WorkloadRef } from "./world.ts";

/** How long to wait before asking again for an eviction that a disruption budget refused. */
const REFUSED_MS = 5_000;

/**
 * One step of replacing a workload's pods without touching its template: asks for the eviction of each pod that is its
 * own and older than `before`. Budgets are respected: what they refuse is asked for again later.
 *
 * @returns how long until the next step; undefined: none is left
 */
export async function evictOlderPods(
  client: Client,
  workload: WorkloadRef,
  object: Stored<WorkloadObject>,
  before: string,
  nowMs: number,
): Promise<number | undefined> {
  const beforeMs = Date.parse(before);
  // Pods tell their age in whole seconds, so those of this very second cannot be told from their successors yet.
  if (nowMs < beforeMs) return beforeMs - nowMs;
  const pods = await ownPods(client, workload, object);
  const older = pods.filter(({ metadata }) => Date.parse(metadata.creationTimestamp ?? "") < beforeMs);
  let waitMs: number | undefined;
  for (const pod of older) {
    if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") continue;
    const wait = pod.metadata.deletionTimestamp === undefined ? await evict(client, pod) : 1_000;
    waitMs = Math.max(waitMs ?? 0, wait);
  }
  return waitMs;
}

async function evict(client: Client, pod: Stored<Pod>): Promise<number> {
  const { name, namespace = "", uid } = pod.metadata;
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    await client.subresource("eviction").create(Pod, { name, namespace }, eviction);
    return 1_000;
  } catch (error) {
    if (isNotFound(error)) return 1_000;
    if (isTooManyRequests(error)) return Math.max(REFUSED_MS, (error as ApiError).retryAfterMs ?? 0);
    throw error;
  }
}

/** Pods that are the workload's: selected by it, and owned by it or by what it owns. */
async function ownPods(
  client: Client,
  { kind, namespace }: WorkloadRef,
  object: Stored<WorkloadObject>,
): Promise<readonly Stored<Pod>[]> {
  const labelSelector = selectorOf(kind, object);
  const options = { namespace, from: "live", ...(labelSelector === undefined ? {} : { labelSelector }) } as const;
  const { uid } = object.metadata;
  const owners = new Set([uid]);
  const between = kind === "DeploymentConfig" ? ReplicationController : kind === "Deployment" ? ReplicaSet : undefined;
  if (between) {
    const { items } = await client.list<ReplicaSet | ReplicationController>(between, options);
    for (const each of items) if (controllerOf(each)?.uid === uid) owners.add(each.metadata.uid);
  }
  const { items } = await client.list(Pod, options);
  return items.filter((pod) => owners.has((controllerOf(pod) as OwnerReference | undefined)?.uid ?? ""));
}

function selectorOf(kind: string, object: WorkloadObject): string | undefined {
  const { selector } = (object.spec ?? {}) as { selector?: LabelSelector | Record<string, string> };
  if (selector === undefined) return undefined;
  const wanted = kind === "DeploymentConfig" ? { matchLabels: selector as Record<string, string> } : selector;
  return formatLabelSelector(labelMatcher(wanted as LabelSelector));
}
