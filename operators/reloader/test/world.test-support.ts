import {
  ConfigMap,
  createVirtualClock,
  type Deployment,
  type KubeObject,
  Secret,
  type Stored,
  type VirtualClock,
} from "@homeostat/api";
import { createDevCluster, type DevCluster, expectApplied, type RunOptions } from "@homeostat/devcluster";
import { type Logger, type Manager, silentLogger } from "@homeostat/runtime";
import { expect, onTestFinished } from "vitest";
import { type ReloaderOperatorOptions, reloaderOperator } from "../src/operator.ts";
import { permissions } from "../src/permissions.ts";

/** Test support: a cluster in virtual time in which the operator runs, with what its manifests grant and no more. */
export interface ReloaderWorld {
  readonly cluster: DevCluster;
  readonly clock: VirtualClock;
  manager: Manager;
  /** Lets everything that is under way come to its end. */
  settle(ms?: number): Promise<void>;
  /** Starts the operator (again). */
  start(options?: ReloaderOperatorOptions, run?: RunOptions): Promise<Manager>;
  /** Creates or replaces the data of a Secret or ConfigMap. */
  secret(name: string, data: Record<string, string>, metadata?: object): Promise<void>;
  configMap(name: string, data: Record<string, string>, metadata?: object): Promise<void>;
}

export async function startWorld(options: ReloaderOperatorOptions = {}, controllers: "all" | "none" = "none") {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, random: () => 0.5, controllers });
  onTestFinished(() => cluster.stop());
  // A handler that throws is logged and otherwise passes unnoticed.
  const thrown: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (fields, message) => void (message.includes("handler") && thrown.push(fields["err"] ?? fields["error"])),
    child: () => log,
  };
  onTestFinished(() => expect(thrown).toEqual([]));
  const rules = [
    ...permissions.full,
    ...permissions.argoRollouts,
    ...permissions.deploymentConfigs,
    ...permissions.csi,
    ...permissions.election,
  ];
  const start = (again: ReloaderOperatorOptions = options, run: RunOptions = {}): Promise<Manager> =>
    cluster.run(
      { ...reloaderOperator, controllers: () => reloaderOperator.controllers(again) },
      { log, identity: { rules: rules.map((rule) => ({ ...rule })) }, ...run },
    );
  const put = (kind: string, name: string, data: object, metadata: object) =>
    expectApplied(cluster, {
      apiVersion: "v1",
      kind,
      metadata: { name, namespace: "default", ...metadata },
      ...data,
    } as KubeObject);
  const world: ReloaderWorld = {
    cluster,
    clock,
    manager: await start(),
    settle: (ms = 5_000) => clock.advance(ms),
    start,
    async secret(name, data, metadata = {}) {
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
      await put("Secret", name, { data: Object.fromEntries(encoded) }, metadata);
    },
    async configMap(name, data, metadata = {}) {
      await put("ConfigMap", name, { data }, metadata);
    },
  };
  return world;
}

export const key = (name: string, namespace = "default") => ({ namespace, name });

interface WorkloadParts {
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace?: string;
  readonly annotations?: Record<string, string>;
  readonly template?: Record<string, string>;
  readonly secrets?: readonly string[];
  readonly configMaps?: readonly string[];
  readonly replicas?: number;
}

/** A workload whose container takes its variables from the Secrets and ConfigMaps named. */
export function workload(name: string, parts: WorkloadParts = {}): Deployment {
  const { kind = "Deployment", secrets = [], configMaps = [] } = parts;
  const envFrom = [
    ...secrets.map((secret) => ({ secretRef: { name: secret, optional: true } })),
    ...configMaps.map((map) => ({ configMapRef: { name: map, optional: true } })),
  ];
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: parts.namespace ?? "default", annotations: parts.annotations ?? {} },
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas: parts.replicas ?? 1 }),
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: parts.template ?? {} },
        spec: { containers: [{ name: "main", image: "web", envFrom }] },
      },
    } as Deployment["spec"] & object,
  };
}

/** Variables the operator set on the first container. */
export function variables(object: Deployment): Record<string, string | undefined> {
  const env = object.spec?.template.spec?.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

/** How often a workload's template was changed since it was made. */
export const rolls = (object: Stored<Deployment>): number => (object.metadata.generation ?? 1) - 1;

export const auto = { "reloader.stakater.com/auto": "true" };
export { ConfigMap, Secret };
