import {
  createVirtualClock,
  EventsV1Event,
  type Interceptor,
  type KubeObject,
  Namespace,
  type Resource,
  type Stored,
  type VirtualClock,
} from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import {
  type Client,
  type ControllerDefinition,
  createClient,
  createManager,
  type Logger,
  type Manager,
  silentLogger,
} from "@homeostat/runtime";
import { createNodes, type NodeControllerOptions, type NodeOptions, nodeControllers } from "../nodes/index.ts";
import { workloadControllers } from "./index.ts";

/** Test support: a server with nodes and the controllers of workloads, in virtual time. */
export interface World {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly client: Client;
  readonly manager: Manager;
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<Stored<T>>;
  find<T extends KubeObject>(resource: Resource<T>, name: string): Promise<Stored<T> | undefined>;
  get<T extends KubeObject>(resource: Resource<T>, name: string): Promise<Stored<T>>;
  list<T extends KubeObject>(resource: Resource<T>, labelSelector?: string): Promise<readonly Stored<T>[]>;
  /** Runs until an object satisfies a condition, and returns it. */
  until<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    condition: (object: Stored<T>) => unknown,
    what: string,
  ): Promise<Stored<T>>;
  /** Runs until the objects of a kind satisfy a condition. */
  untilAll<T extends KubeObject>(
    resource: Resource<T>,
    condition: (objects: readonly Stored<T>[]) => unknown,
    what: string,
  ): Promise<readonly Stored<T>[]>;
  /** Every state the objects of a kind go through from now on. */
  history<T extends KubeObject>(resource: Resource<T>): Promise<readonly Change<T>[]>;
  /** Reasons and messages of the events about an object, in no order. */
  events(name: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Change<T extends KubeObject> {
  readonly type: "added" | "updated" | "deleted";
  readonly object: Stored<T>;
}

export interface WorldOptions extends NodeControllerOptions {
  readonly nodes?: Partial<NodeOptions>;
  /** Between the controllers and the server. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: all controllers of workloads. */
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  readonly controllers?: readonly ControllerDefinition<any>[];
}

export const namespace = "demo";

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const clock = createVirtualClock();
  const errors: string[] = [];
  const server = await createApiServer({ clock, authorization: "AlwaysAllow" });
  const client = createClient({ transport: server.transport(), clock, fieldManager: "test" });
  await client.create(Namespace, { metadata: { name: namespace } });
  await createNodes(client, { now: () => clock.now(), ...options.nodes });
  const transport = server.transport({ username: "system:kube-controller-manager", groups: ["system:authenticated"] });
  const manager = createManager({
    transport,
    clock,
    random: () => 0.5,
    log: recordingErrors(errors),
    name: "devcluster",
    ...(options.interceptors ? { interceptors: options.interceptors } : {}),
  });
  for (const each of [...(options.controllers ?? workloadControllers()), ...nodeControllers(options)])
    manager.add(each);
  await manager.start();

  const world: World = {
    clock,
    server,
    client,
    manager,
    create: (resource, object) => client.create(resource, { ...object, metadata: { namespace, ...object.metadata } }),
    find: (resource, name) => client.find(resource, { namespace, name }),
    get: (resource, name) => client.get(resource, { namespace, name }),
    list: async (resource, labelSelector) =>
      (await client.list(resource, { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) })).items,
    async until(resource, name, condition, what) {
      await clock.until(async () => {
        const object = await world.find(resource, name);
        return object !== undefined && Boolean(await condition(object));
      }, `${resource.kind} ${name} ${what}`);
      return world.get(resource, name);
    },
    async untilAll(resource, condition, what) {
      await clock.until(async () => Boolean(await condition(await world.list(resource))), `${resource.kind} ${what}`);
      return world.list(resource);
    },
    async history<T extends KubeObject>(resource: Resource<T>) {
      const changes: Change<T>[] = [];
      const watch = manager.cache.watch(resource, {
        handler: ({ type, object }) => changes.push({ type, object: object.object() }),
      });
      await watch.synced();
      return changes;
    },
    async events(name) {
      await clock.settle();
      const events = await world.list(EventsV1Event);
      return events.filter(({ regarding }) => regarding?.name === name).map(({ reason, note }) => `${reason} ${note}`);
    },
    async stop() {
      const stopping = manager.stop();
      await clock.settle();
      await stopping;
      await server.stop();
      // Conflicts are part of life and not among them; whatever else fails must have been meant to.
      if (!options.interceptors && errors.length > 0) throw new Error(`controllers failed: ${errors.join("\n")}`);
    },
  };
  return world;
}

function recordingErrors(errors: string[]): Logger {
  const log: Logger = {
    ...silentLogger,
    error: ({ err }, message) => void errors.push(`${message}: ${err}`),
    child: () => log,
  };
  return log;
}

/** A template with one container. */
export function template(labels: Readonly<Record<string, string>>, image = "app:1", extra: object = {}) {
  return { metadata: { labels }, spec: { containers: [{ name: "app", image }], ...extra } };
}
