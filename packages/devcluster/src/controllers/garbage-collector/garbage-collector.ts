import {
  type Clock,
  ignoreNotFound,
  isConflict,
  isNotFound,
  type JsonObject,
  type KubeObject,
  type NamespacedName,
  type OwnerReference,
  parseApiVersion,
  type Resource,
  type Stored,
  type Transport,
} from "@homeostat/api";
import {
  type Cache,
  type Client,
  exponentialBackoff,
  isTerminal,
  type Logger,
  type Recorder,
  type Runnable,
  type StoreEvent,
  Workqueue,
} from "@homeostat/runtime";
import { retryBaseMs } from "../cluster-controller.ts";
import { decideGarbage, foregroundFinalizer, type JudgedOwner, orphanFinalizer } from "./decide.ts";
import { Monitors } from "./monitors.ts";
import { affectedBy, type GraphNode, graphNode, OwnerGraph } from "./owner-graph.ts";

export interface GarbageCollectorOptions {
  readonly cache: Cache;
  readonly client: Client;
  readonly recorder: Recorder;
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** How many objects are worked on at once. Default 8. */
  readonly concurrency?: number;
}

/**
 * Deletes what has lost its owners. Watches only metadata; before anything is deleted the object and its owners are
 * read from the server, and the deletion holds for just the version that was judged.
 *
 * Caveats, as on every cluster: an owner in another namespace counts as absent, so its dependents are deleted; an
 * owner of a kind that is not served stops the collection of its dependents until the kind is there.
 *
 * Source: kube-controller-manager, garbage collector; KEP-2336 for owners in other namespaces.
 */
export function garbageCollector(options: GarbageCollectorOptions): Runnable {
  return {
    name: "garbage-collector",
    run: (signal) => new GarbageCollector(options).run(signal),
  };
}

/** Dependents are told by other watches than their owner: ones made just before its deletion may still be on the way. */
const lookAroundMs = 10;

/** An object's owner is of a kind that is not served, or cannot be found from where the object is. */
class UnknownOwnerKind extends Error {
  override readonly name = "UnknownOwnerKind";
}

class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #graph = new OwnerGraph();
  readonly #queue: Workqueue<string>;
  readonly #monitors: Monitors;

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    const rateLimiter = exponentialBackoff({ baseMs: retryBaseMs, maxMs: 30_000 })(options);
    this.#queue = new Workqueue<string>({ clock: options.clock, keyOf: (uid) => uid, rateLimiter });
    this.#monitors = new Monitors({
      cache: options.cache,
      transport: options.transport,
      clock: options.clock,
      log: options.log,
      onEvent: (resource, event) => this.#onEvent(resource, event),
      onGone: (resource) => {
        for (const node of [...this.#graph.ofResource(resource)]) this.#remove(node.uid);
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    try {
      await this.#monitors.start(signal);
      // Only a whole graph tells absent owners from owners that have not been listed yet.
      for (let worker = 0; worker < (this.#options.concurrency ?? 8); worker++) void this.#work();
      await stopped;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#monitors.stop();
      this.#queue.shutDown();
      await this.#queue.drained();
    }
  }

  #onEvent(resource: Resource, event: StoreEvent): void {
    const { metadata } = event.object;
    if (event.type === "deleted") {
      this.#remove(metadata.uid);
      return;
    }
    const node = graphNode(resource, metadata);
    const before = this.#graph.set(node);
    for (const uid of affectedBy(this.#graph, node, before)) {
      const marked = uid === node.uid && (node.orphans || node.waitsForDependents);
      this.#queue.add(uid, marked ? { afterMs: lookAroundMs } : {});
    }
  }

  #remove(uid: string): void {
    const node = this.#graph.delete(uid);
    for (const dependent of this.#graph.dependents(uid)) this.#queue.add(dependent.uid);
    for (const owner of node?.owners ?? []) {
      if (this.#graph.get(owner.uid)?.waitsForDependents) this.#queue.add(owner.uid);
    }
  }

  async #work(): Promise<void> {
    for (let taken = await this.#queue.get(); taken; taken = await this.#queue.get()) {
      const node = this.#graph.get(taken.key);
      try {
        if (node) await this.#collect(node);
        this.#queue.forget(taken.key);
      } catch (error) {
        this.#retry(taken.key, node, error);
      }
      this.#queue.done(taken.key);
    }
  }

  #retry(uid: string, node: GraphNode | undefined, error: unknown): void {
    if (isTerminal(error)) {
      this.#queue.forget(uid);
      return;
    }
    const { kind, namespace, name } = { kind: node?.resource.kind, namespace: node?.namespace, name: node?.name };
    if (!isConflict(error)) this.#options.log.debug({ err: error, kind, namespace, name }, "Collecting failed");
    this.#queue.add(uid, { rateLimited: true, error });
  }

  async #collect(node: GraphNode): Promise<void> {
    if (node.orphans) return this.#orphan(node);
    if (node.waitsForDependents) return this.#finishForeground(node);
    if (node.deleting || node.owners.length === 0) return;
    const object = await this.#read(node);
    if (!object) return;
    const owners = await this.#judge(node, object);
    if (!owners) return;
    const dependents = this.#graph.dependents(node.uid);
    const decision = decideGarbage({
      finalizers: object.metadata.finalizers ?? [],
      owners,
      hasDependents: dependents.length > 0,
      dependentIsWaiting: dependents.some(({ waitsForDependents }) => waitsForDependents),
    });
    switch (decision.type) {
      case "keep":
        return;
      case "dropReferences":
        return this.#patchReferences(node, object, (owners) =>
          owners.filter(({ uid }) => !decision.uids.includes(uid)),
        );
      case "delete": {
        const latest = decision.unblock
          ? await this.#patched(node, object, (owners) =>
              owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
            )
          : object;
        if (!latest) return;
        const { uid, resourceVersion } = latest.metadata;
        const { propagationPolicy } = decision;
        await ignoreNotFound(
          this.#options.client.delete(node.resource, keyOf(node), {
            preconditions: { uid, resourceVersion },
            propagationPolicy,
          }),
        );
      }
    }
  }

  /** Sets the dependents free, then lets the owner go. */
  async #orphan(node: GraphNode): Promise<void> {
    await Promise.all(
      this.#graph.dependents(node.uid).map(async (dependent) => {
        const object = await this.#read(dependent);
        if (object) {
          await this.#patchReferences(dependent, object, (owners) => owners.filter(({ uid }) => uid !== node.uid));
        }
      }),
    );
    await this.#removeFinalizer(node, orphanFinalizer);
  }

  /** Lets the owner go when nothing blocks it; sees to it that what blocks it is being deleted. */
  async #finishForeground(node: GraphNode): Promise<void> {
    const blocking = this.#graph.blockingDependents(node.uid);
    if (blocking.length === 0) return this.#removeFinalizer(node, foregroundFinalizer);
    for (const dependent of blocking) if (!dependent.deleting) this.#queue.add(dependent.uid);
  }

  /** What became of the owners; undefined where that can never be told, so that the object is left alone. */
  async #judge(node: GraphNode, object: Stored): Promise<JudgedOwner[] | undefined> {
    const judged: JudgedOwner[] = [];
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = await this.#judgeOwner(node, object, reference);
      if (!owner) return undefined;
      judged.push(owner);
    }
    return judged;
  }

  async #judgeOwner(node: GraphNode, object: Stored, reference: OwnerReference): Promise<JudgedOwner | undefined> {
    const { group } = parseApiVersion(reference.apiVersion);
    const resource = this.#monitors.find(group, reference.kind);
    if (!resource) {
      throw new UnknownOwnerKind(
        `${node.resource.kind} ${node.name}: owner kind ${reference.apiVersion} ${reference.kind} is not served, so whether the owner exists cannot be told`,
      );
    }
    const namespaced = resource.scope === "Namespaced";
    if (namespaced && node.namespace === undefined) {
      this.#warn(object, reference, "");
      return undefined;
    }
    const key = namespaced ? { namespace: node.namespace!, name: reference.name } : { name: reference.name };
    const owner = await this.#options.client.find(resource, key, { from: "live" });
    if (owner?.metadata.uid !== reference.uid) {
      const elsewhere = this.#graph.get(reference.uid)?.namespace;
      if (elsewhere !== undefined && elsewhere !== node.namespace) this.#warn(object, reference, node.namespace ?? "");
      return { reference, state: "dangling" };
    }
    const { deletionTimestamp, finalizers = [] } = owner.metadata;
    return { reference, state: deletionTimestamp && finalizers.includes(foregroundFinalizer) ? "waiting" : "solid" };
  }

  #warn(object: Stored, { apiVersion, kind, name, uid }: OwnerReference, namespace: string): void {
    this.#options.recorder.event(object, {
      type: "Warning",
      reason: "OwnerRefInvalidNamespace",
      message: `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${namespace}"`,
    });
  }

  /** The object as the server has it; undefined when it is gone, or another one took its name. */
  async #read(node: GraphNode): Promise<Stored | undefined> {
    const object = await this.#options.client.find(node.resource, keyOf(node), { from: "live" });
    return object?.metadata.uid === node.uid ? object : undefined;
  }

  async #patchReferences(node: GraphNode, object: Stored, change: ChangeOwners): Promise<void> {
    await this.#patched(node, object, change);
  }

  async #patched(node: GraphNode, object: Stored, change: ChangeOwners): Promise<Stored | undefined> {
    const owners = object.metadata.ownerReferences ?? [];
    const ownerReferences = change(owners);
    if (JSON.stringify(ownerReferences) === JSON.stringify(owners)) return object;
    const { resourceVersion, uid } = object.metadata;
    const patch = { metadata: { uid, resourceVersion, ownerReferences } } as unknown as JsonObject;
    return ignoreNotFound(this.#options.client.patchMerge(node.resource, keyOf(node), patch));
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    const object = await this.#read(node);
    if (!object?.metadata.finalizers?.includes(finalizer)) return;
    const { uid, resourceVersion, finalizers } = object.metadata;
    const patch: JsonObject = {
      metadata: { uid, resourceVersion, finalizers: finalizers.filter((name) => name !== finalizer) },
    };
    try {
      await this.#options.client.patchMerge<KubeObject>(node.resource, keyOf(node), patch);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

type ChangeOwners = (owners: readonly OwnerReference[]) => readonly OwnerReference[];

function keyOf({ namespace, name }: GraphNode): NamespacedName {
  return namespace === undefined ? { name } : { namespace, name };
}
