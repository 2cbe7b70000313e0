import {
  type Clock,
  Event,
  formatDuration,
  groupResource,
  type KubeObject,
  type NamespacedName,
  type Resource,
  type Stored,
  type Transport,
} from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { isVirtual, Overdue, untilHolds } from "../time.ts";
import { type Changes, followChanges } from "./changes.ts";

/** What the kit needs of a cluster; a `DevCluster` has it. */
export interface TestedCluster {
  readonly client: Client;
  readonly clock: Clock;
  transport(): Transport;
}

export interface ExpectOptions {
  /** How long to wait, in milliseconds. Default 10 s of real time, or an hour of virtual time. */
  readonly limitMs?: number;
}

/** What was awaited did not come about. The message says what there is instead. */
export class ExpectationFailed extends Error {
  override readonly name = "ExpectationFailed";
}

export interface Expectation<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly key: NamespacedName;
  /** `to have condition Ready=True` */
  readonly what: string;
  /** Looks at the object as it is now, undefined where there is none. */
  readonly holds: (object: Stored<T> | undefined) => boolean;
}

/** Waits until the object is as expected. @throws ExpectationFailed */
export async function awaitObject<T extends KubeObject>(
  cluster: TestedCluster,
  { resource, key, what, holds }: Expectation<T>,
  options: ExpectOptions = {},
): Promise<Stored<T> | undefined> {
  let seen: Stored<T> | undefined;
  const look = async (): Promise<boolean> => {
    seen = await cluster.client.find(resource, key, { from: "live" });
    return holds(seen);
  };
  let changes: Changes | undefined;
  if (!isVirtual(cluster.clock) && !(await look())) changes = followChanges(cluster.client, resource, key);
  try {
    const changed = changes ? { changed: changes.next } : {};
    await untilHolds(cluster.clock, look, {
      what: describe(resource, key),
      limitMs: limitOf(cluster, options),
      ...changed,
    });
    return seen;
  } catch (error) {
    if (!(error instanceof Overdue)) throw error;
    throw new ExpectationFailed(await failureText(cluster, { resource, key, what, seen, options }), { cause: error });
  } finally {
    changes?.stop();
  }
}

export function limitOf(cluster: TestedCluster, { limitMs }: ExpectOptions): number {
  return limitMs ?? (isVirtual(cluster.clock) ? 3_600_000 : 10_000);
}

/** `deployments.apps shop/web` */
export function describe(resource: Resource, { namespace, name }: NamespacedName): string {
  return `${groupResource(resource)} ${namespace ? `${namespace}/` : ""}${name}`;
}

interface Failure {
  readonly resource: Resource;
  readonly key: NamespacedName;
  readonly what: string;
  readonly seen: KubeObject | undefined;
  readonly options: ExpectOptions;
}

async function failureText(cluster: TestedCluster, failure: Failure): Promise<string> {
  const { resource, key, what, seen, options } = failure;
  const time = isVirtual(cluster.clock) ? "virtual time" : "time";
  const parts = [
    `expected ${describe(resource, key)} ${what}, within ${formatDuration(limitOf(cluster, options))} of ${time}`,
    seen ? `it is now:\n${indent(await objectText(seen))}` : "there is no such object",
  ];
  const events = await eventLines(cluster, resource, key);
  if (events.length > 0) parts.push(`last events:\n${indent(events.join("\n"))}`);
  return parts.join("\n");
}

/** What of an object tells why it is not as expected: who holds it, and its status. */
export async function objectText(object: KubeObject): Promise<string> {
  // Loaded when something has gone wrong: it takes long, and the kit is imported with the cluster.
  const { stringify } = await import("yaml");
  const { generation, deletionTimestamp, finalizers, ownerReferences } = object.metadata ?? {};
  const { status } = object as { status?: unknown };
  return stringify({
    metadata: { generation, deletionTimestamp, finalizers, ownerReferences },
    status: status ?? "(none)",
  }).trimEnd();
}

/** The last five events about an object, one line each. */
export async function eventLines(cluster: TestedCluster, resource: Resource, key: NamespacedName): Promise<string[]> {
  const fieldSelector = `involvedObject.name=${key.name},involvedObject.kind=${resource.kind}`;
  const { items } = await cluster.client.list(Event, {
    fieldSelector,
    ...(key.namespace ? { namespace: key.namespace } : {}),
  });
  return items
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .slice(-5)
    .map(({ type, reason, message, count, series }) => {
      const times = series?.count ?? count ?? 1;
      return `${type} ${reason}${times > 1 ? ` (${times} times)` : ""}: ${message}`;
    });
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
