import { groupResource, type NamespacedName } from "@homeostat/api";
import { Controller, type ControllerDependencies } from "../controller/controller.ts";
import type { ControllerDefinition, ControllerOptions } from "../controller/definition.ts";
import type { Request } from "../controller/reconciler.ts";
import type { Logger } from "../log.ts";
import type { QueueReport } from "../profiling/debug-handler.ts";
import type { ClusterMember, EngagedClusters } from "./engaged-clusters.ts";
import type { RunnableGroup } from "./manager.ts";

/** Groups that controllers can be of: `leader` unless they need none. */
export type ControllerGroup = Extract<RunnableGroup, "others" | "leader">;

export interface ManagedControllersOptions {
  /** What controllers of each group work with. */
  readonly dependencies: Readonly<Record<ControllerGroup, ControllerDependencies>>;
  readonly defaults: ControllerOptions;
  readonly clusters: EngagedClusters;
  readonly log: Logger;
  /** Called when one cannot start. */
  readonly fail: (error: unknown) => void;
}

interface Managed extends ClusterMember {
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  readonly controller: Controller<any>;
  readonly group: ControllerGroup;
  readonly name: string;
}

/** The controllers of a manager. */
export class ManagedControllers {
  readonly #options: ManagedControllersOptions;
  readonly #all: Managed[] = [];
  readonly #started = new Set<ControllerGroup>();
  #warm = false;

  constructor(options: ManagedControllersOptions) {
    this.#options = options;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  add(given: ControllerDefinition<any>): void {
    const { dependencies, defaults, clusters } = this.#options;
    const definition = { ...given, options: { ...defaults, ...given.options } };
    const group = definition.options.needLeaderElection === false ? "others" : "leader";
    const controller = new Controller(definition, dependencies[group]);
    const managed: Managed = {
      controller,
      group,
      name: definition.name,
      wantsClusters: (definition.options.clusters ?? "own") !== "own",
      engage: (cluster) => controller.engage(cluster),
      disengage: (name) => controller.disengage(name),
    };
    this.#all.push(managed);
    // Before it starts: its workers wait for all clusters that are engaged by then.
    void clusters.join(managed).catch((error: unknown) => this.#failed("engage clusters of", managed, error));
    if (this.#started.has(group)) void this.#start(managed);
    else if (this.#warm) this.#warmUp(managed);
  }

  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  get definitions(): readonly ControllerDefinition<any>[] {
    return this.#all.map(({ controller }) => controller.definition);
  }

  /** Starts a group, and what is added to it from now on. Resolves when the workers of all run, or have failed to. */
  async start(group: ControllerGroup): Promise<void> {
    this.#started.add(group);
    await Promise.all(this.#of(group).map((managed) => this.#start(managed)));
  }

  /** Fills caches and queues of those that will lead. */
  warmUp(): void {
    this.#warm = true;
    for (const managed of this.#of("leader")) this.#warmUp(managed);
  }

  /**
   * @param undisturbedMs how long running reconciles may go on before they are aborted
   * @returns what was still running in the end, `webapp demo/a`
   */
  async stop(group: ControllerGroup, undisturbedMs: number): Promise<string[]> {
    const late = this.#of(group).map(async ({ controller, name }) =>
      (await controller.stop(undisturbedMs)).map((key) => `${name} ${key}`),
    );
    return (await Promise.all(late)).flat();
  }

  /** What reconciling waits for. */
  pending(): string[] {
    return this.#all.flatMap(({ controller, name }) =>
      controller.pendingSyncs.map((kind) => `controller "${name}" waits for ${kind}`),
    );
  }

  queueReports(): QueueReport[] {
    return this.#all.map(({ controller }) => controller.queueReport());
  }

  /** @throws when there is no controller of this name */
  trigger(name: string, request: Request, reason: string): void {
    const found = this.#all.filter((managed) => managed.name === name);
    if (found.length === 0) {
      const names = this.#all.map((managed) => managed.name);
      throw new Error(`no controller "${name}": there are ${names.join(", ") || "none"}`);
    }
    for (const { controller } of found) controller.trigger(request, reason);
  }

  /** Annotations of an object of a watched kind (`deployments.apps`), as the cache has them. */
  annotationsOf(kind: string, key: NamespacedName): Readonly<Record<string, string>> | undefined {
    const { cache } = this.#options.dependencies.leader;
    const where = key.namespace === undefined ? {} : { namespace: key.namespace };
    for (const { controller } of this.#all) {
      const watch = controller.definition.watches.find(({ resource }) => groupResource(resource) === kind);
      const object = watch && cache.store(watch.resource, where)?.peek(key);
      if (object) return object.metadata.annotations;
    }
    return undefined;
  }

  #of(group: ControllerGroup): Managed[] {
    return this.#all.filter((managed) => managed.group === group);
  }

  async #start(managed: Managed): Promise<void> {
    try {
      await managed.controller.start();
    } catch (error) {
      this.#failed("start", managed, error);
    }
  }

  #warmUp(managed: Managed): void {
    if (managed.controller.definition.options.warmup === false) return;
    managed.controller.warmup().catch((error: unknown) => this.#failed("warm up", managed, error));
  }

  #failed(what: string, { name }: Managed, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.fail(new Error(`${what} controller "${name}": ${message}`, { cause: error }));
  }
}
