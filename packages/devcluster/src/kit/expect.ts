import {
  type ConditionLike,
  Event,
  findCondition,
  type KubeObject,
  type NamespacedName,
  type Resource,
  type Stored,
} from "@homeostat/api";
import { discoverKind } from "../controllers/discovery.ts";
import { Overdue, untilHolds } from "../time.ts";
import {
  awaitObject,
  describe,
  ExpectationFailed,
  type ExpectOptions,
  eventLines,
  limitOf,
  type TestedCluster,
} from "./expectation.ts";

/**
 * Words for stories about operators. With a virtual clock each runs time until what it expects holds, and never
 * sleeps; with the machine's clock each watches. What does not come about says what was awaited, what there is
 * instead, and the last events.
 */

/** Applies objects, their status too where they have one, and takes over every field. In the given order. */
export async function expectApplied(cluster: TestedCluster, ...objects: readonly KubeObject[]): Promise<Stored[]> {
  const applied: Stored[] = [];
  for (const object of objects) {
    const { apiVersion = "", kind = "" } = object;
    const resource = await discoverKind(cluster.transport(), apiVersion, kind);
    const write = { fieldManager: "test", force: true } as const;
    const { status, ...rest } = object as KubeObject & { status?: unknown };
    let result = await cluster.client.apply<KubeObject>(resource, rest, write);
    if (status !== undefined && resource.subresources?.includes("status")) {
      const { name, namespace } = result.metadata;
      const metadata = namespace ? { name, namespace } : { name };
      const withStatus = { apiVersion, kind, metadata, status } as KubeObject;
      result = await cluster.client.status.apply<KubeObject>(resource, withStatus, write);
    }
    applied.push(result);
  }
  return applied;
}

/** The object is there, and as `is` wants it. */
export async function expectExists<T extends KubeObject>(
  cluster: TestedCluster,
  resource: Resource<T>,
  key: NamespacedName,
  is?: (object: Stored<T>) => boolean,
  options?: ExpectOptions,
): Promise<Stored<T>> {
  const what = is ? "to exist and to be as wanted" : "to exist";
  const holds = (object: Stored<T> | undefined): boolean => object !== undefined && (!is || is(object));
  return (await awaitObject(cluster, { resource, key, what, holds }, options))!;
}

/** The object is not there (any more). */
export async function expectGone(
  cluster: TestedCluster,
  resource: Resource,
  key: NamespacedName,
  options?: ExpectOptions,
): Promise<void> {
  await awaitObject(cluster, { resource, key, what: "to be gone", holds: (object) => object === undefined }, options);
}

/** The object has the condition. @param reason default: any */
export async function expectCondition<T extends KubeObject>(
  cluster: TestedCluster,
  resource: Resource<T>,
  key: NamespacedName,
  type: string,
  status: string,
  reason?: string,
  options?: ExpectOptions,
): Promise<Stored<T>> {
  const what = `to have condition ${type}=${status}${reason === undefined ? "" : ` with reason ${reason}`}`;
  const holds = (object: Stored<T> | undefined): boolean => {
    const condition = findCondition(conditionsOf(object), type);
    return condition?.status === status && (reason === undefined || condition.reason === reason);
  };
  return (await awaitObject(cluster, { resource, key, what, holds }, options))!;
}

/**
 * The object's controller has acted on its newest generation: `status.observedGeneration` says so, or else every
 * condition that names a generation, of which there must be one.
 */
export async function expectReconciled<T extends KubeObject>(
  cluster: TestedCluster,
  resource: Resource<T>,
  key: NamespacedName,
  options?: ExpectOptions,
): Promise<Stored<T>> {
  const what = "to be reconciled: to have a status that speaks of its newest generation";
  return (await awaitObject(cluster, { resource, key, what, holds: isReconciled }, options))!;
}

/** What an awaited event is to say. What is left out may be anything. */
export interface EventPattern {
  readonly type?: "Normal" | "Warning";
  readonly reason?: string;
  /** The whole message, or what it must match. */
  readonly message?: string | RegExp;
}

/**
 * Something was said about an object that fits `pattern`. Which object is told by kind and name, so the events of one
 * that is gone count, too.
 *
 * @returns the event, as core/v1 shows it
 * @throws ExpectationFailed with the last events about the object
 */
export async function expectEvent(
  cluster: TestedCluster,
  resource: Resource,
  key: NamespacedName,
  pattern: EventPattern,
  options: ExpectOptions = {},
): Promise<Stored<Event>> {
  let found: Stored<Event> | undefined;
  const look = async (): Promise<boolean> => {
    const { items } = await cluster.client.list(Event, {
      // Events about objects without a namespace are in `default`.
      namespace: key.namespace ?? "default",
      fieldSelector: `involvedObject.name=${key.name},involvedObject.kind=${resource.kind}`,
      from: "live",
    });
    found = items.find((event) => fits(event, pattern));
    return found !== undefined;
  };
  const what = `an event about ${describe(resource, key)}`;
  try {
    await untilHolds(cluster.clock, look, { what, limitMs: limitOf(cluster, options) });
    return found!;
  } catch (error) {
    if (!(error instanceof Overdue)) throw error;
    const lines = await eventLines(cluster, resource, key);
    const said = lines.length > 0 ? `the last events are:\n  ${lines.join("\n  ")}` : "there is no event about it";
    throw new ExpectationFailed(`expected ${what} with ${patternText(pattern)} (${error.message}); ${said}`, {
      cause: error,
    });
  }
}

function fits(event: Event, { type, reason, message }: EventPattern): boolean {
  if (type !== undefined && event.type !== type) return false;
  if (reason !== undefined && event.reason !== reason) return false;
  const text = event.message ?? "";
  return message === undefined || (typeof message === "string" ? text === message : message.test(text));
}

function patternText({ type, reason, message }: EventPattern): string {
  const parts = [type, reason, message === undefined ? undefined : `message ${message}`];
  return parts.filter((part) => part !== undefined).join(" ") || "any content";
}

/** `check` comes to pass: returns without throwing. @returns what it returns @throws ExpectationFailed with its last error */
export async function eventually<R>(
  cluster: TestedCluster,
  check: () => R | Promise<R>,
  options: ExpectOptions = {},
): Promise<R> {
  let result: { readonly value: R } | undefined;
  let last: unknown;
  const look = async (): Promise<boolean> => {
    try {
      result = { value: await check() };
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  try {
    await untilHolds(cluster.clock, look, { what: "a check to pass", limitMs: limitOf(cluster, options) });
    return result!.value;
  } catch (error) {
    if (!(error instanceof Overdue)) throw error;
    const message = last instanceof Error ? last.message : String(last);
    throw new ExpectationFailed(`a check did not come to pass (${error.message}); it last said: ${message}`, {
      cause: last,
    });
  }
}

type ObservedCondition = ConditionLike & { readonly reason?: string; readonly observedGeneration?: number };

function conditionsOf(object: KubeObject | undefined): readonly ObservedCondition[] | undefined {
  return (object as { status?: { conditions?: readonly ObservedCondition[] } } | undefined)?.status?.conditions;
}

function isReconciled(object: Stored | undefined): boolean {
  if (!object) return false;
  const { generation } = object.metadata;
  const { status } = object as { status?: { observedGeneration?: number } };
  if (status?.observedGeneration !== undefined) return status.observedGeneration === generation;
  const observed = conditionsOf(object)?.flatMap(({ observedGeneration }) => observedGeneration ?? []) ?? [];
  return observed.length > 0 && observed.every((each) => each === generation);
}
