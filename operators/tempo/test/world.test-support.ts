import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  createVirtualClock,
  Deployment,
  type KubeObject,
  type NamespacedName,
  NetworkPolicy,
  PodDisruptionBudget,
  type Resource,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  type Stored,
  type VirtualClock,
} from "@homeostat/api";
import {
  createDevCluster,
  type DevCluster,
  type DevClusterOptions,
  expectApplied,
  type RunOptions,
} from "@homeostat/devcluster";
import { deriveRules, type Manager } from "@homeostat/runtime";
import { onTestFinished } from "vitest";
import { TempoMonolithic } from "../src/api/tempo-monolithic.ts";
import { TempoStack, type TempoStackSpec } from "../src/api/tempo-stack.ts";
import { type TempoControllersOptions, tempoControllers } from "../src/controller/controllers.ts";

/** Test support: a cluster in virtual time in which the operator runs, with what its controllers declare and no more. */
export interface TempoWorld {
  readonly cluster: DevCluster;
  readonly clock: VirtualClock;
  manager: Manager;
  /** Starts the operator (again). */
  start(options?: TempoControllersOptions, run?: RunOptions): Promise<Manager>;
  /** Stops it, whatever it is at. */
  stop(): Promise<void>;
  /** Lets everything that is under way come to its end. */
  settle(ms?: number): Promise<void>;
  /** Creates or replaces the data of a Secret. */
  secret(name: string, data: Record<string, string>): Promise<void>;
  /** Applies a stack named `simplest`, or as stated. */
  stack(spec?: Partial<TempoStackSpec>, metadata?: object): Promise<void>;
  /** The operator's reconciles of an object so far. */
  reconciles(name: string): number;
}

export const namespace = "default";
export const key = (name: string): NamespacedName & { namespace: string } => ({ namespace, name });
export const stackKey = key("simplest");

export const minio = {
  endpoint: "http://minio:9000",
  bucket: "tempo",
  access_key_id: "tempo",
  access_key_secret: "supersecret",
};

export const storage: TempoStackSpec["storage"] = { secret: { name: "minio", type: "s3" } };

export async function startWorld(
  options: TempoControllersOptions = {},
  clusterOptions: DevClusterOptions = {},
): Promise<TempoWorld> {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, random: () => 0.5, ...clusterOptions });
  onTestFinished(() => cluster.stop());
  const counts = new Map<string, number>();
  const start = async (again: TempoControllersOptions = options, run: RunOptions = {}): Promise<Manager> => {
    const operator = {
      name: "tempo",
      resources: [TempoStack, TempoMonolithic],
      controllers: () => tempoControllers(again),
    };
    world.manager = await cluster.run(operator, {
      identity: deriveRules(tempoControllers(again)),
      onReconciled: ({ name }) => void counts.set(name, (counts.get(name) ?? 0) + 1),
      ...run,
    });
    return world.manager;
  };
  const world: TempoWorld = {
    cluster,
    clock,
    manager: undefined as unknown as Manager,
    start,
    async stop() {
      let ended = false;
      const stopping = world.manager.stop().catch(() => undefined);
      void stopping.then(() => (ended = true));
      while (!ended) await clock.advance(1_000);
    },
    settle: (ms = 5_000) => clock.advance(ms),
    async secret(name, stringData) {
      const data = Object.fromEntries(
        Object.entries(stringData).map(([field, value]) => [field, Buffer.from(value).toString("base64")]),
      );
      const wanted = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, data } satisfies Secret;
      const there = await cluster.client.find(Secret, key(name));
      if (there) await cluster.client.update(Secret, { ...there, data });
      else await cluster.client.create(Secret, wanted);
    },
    async stack(spec = {}, metadata = {}) {
      await expectApplied(
        cluster,
        TempoStack.object({ metadata: { ...stackKey, ...metadata }, spec: { storage, ...spec } as TempoStackSpec }),
      );
    },
    reconciles: (name) => counts.get(name) ?? 0,
  };
  await start();
  return world;
}

/** What of an object says whose it is. */
export const ownership = ({ metadata }: Stored<KubeObject>) => metadata.ownerReferences ?? [];

/** Kinds of what the operator makes on a plain cluster. */
export const kinds: readonly Resource[] = [
  ConfigMap,
  Secret,
  ServiceAccount,
  Service,
  Deployment,
  StatefulSet,
  PodDisruptionBudget,
  NetworkPolicy,
  ClusterRole,
  ClusterRoleBinding,
];
/** What selects it. */
export const labelSelector = "app.kubernetes.io/managed-by=tempo-operator";
