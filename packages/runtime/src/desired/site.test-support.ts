import {
  type Condition,
  ConfigMap,
  conditions,
  createVirtualClock,
  defineResource,
  type Interceptor,
  type KubeObject,
  Namespace,
  type ObjectOf,
  type Stored,
  type VirtualClock,
} from "@homeostat/api";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { Client } from "../client/client.ts";
import { type ControllerForOptions, controllerFor } from "../controller/builder.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { Manager } from "../manager/manager.ts";
import type { DesiredDefinition } from "./definition.ts";

/** Test support: a kind whose children each test says. */
export const Site = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Site",
  spec: z.object({
    size: z.int().default(1),
    text: z.string().default("hello"),
    secret: z.string().optional(),
    parts: z.array(z.string()).default([]),
  }),
  status: z.object({ observedGeneration: z.int().optional(), conditions: conditions().optional() }),
});
export type Site = ObjectOf<typeof Site>;

export const key = { namespace: "demo", name: "a" };
export const at = (name: string, namespace = "demo") => ({ namespace, name });

export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...metadata },
  data,
});

export const site = (spec: Partial<Site["spec"]> = {}, name = "a"): Site =>
  Site.object({ metadata: { namespace: "demo", name }, spec: { size: 1, text: "hello", parts: [], ...spec } });

/** Test support: an API server with a garbage collector, in virtual time, and managers with one controller of Sites. */
export interface SiteWorld {
  readonly clock: VirtualClock;
  readonly cluster: DevCluster;
  /** A person beside the operator. */
  readonly admin: Client;
  /** Writes of the managers, `PATCH /api/v1/…`, in order. */
  readonly writes: string[];
  start(definition: SiteDefinition, options?: ControllerForOptions & { interceptor?: Interceptor }): Promise<Manager>;
  condition(type: string, name?: string): Promise<Condition | undefined>;
  /** Time passes until all is at rest, 100 ms at least. */
  settle(ms?: number): Promise<void>;
  /** Of the ConfigMaps in the namespaces `demo` and `other`. */
  names(): Promise<string[]>;
}

// biome-ignore lint/suspicious/noExplicitAny: inputs are each test's own business
export type SiteDefinition = DesiredDefinition<Site, any>;

export async function siteWorld(controllers: readonly string[] = ["garbage-collector"]): Promise<SiteWorld> {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, random: () => 0.5, controllers });
  onTestFinished(() => cluster.stop());
  const admin = cluster.client;
  const writes: string[] = [];
  for (const name of ["demo", "other"]) {
    if (!(await admin.find(Namespace, { name }))) await admin.create(Namespace, { metadata: { name } });
  }
  return {
    clock,
    cluster,
    admin,
    writes,
    async start(definition, { interceptor, ...options } = {}) {
      const record: Interceptor = (next) => (request) => {
        const path = request.path.split("?")[0]!;
        if (request.method !== "GET" && !path.includes("/events")) writes.push(`${request.method} ${path}`);
        return next(request);
      };
      const operator = { name: "sites", resources: [Site], controllers: [siteController(definition, options)] };
      return cluster.run(operator, { interceptors: interceptor ? [record, interceptor] : [record] });
    },
    async condition(type, name = "a") {
      const found = await admin.find(Site, at(name));
      return found?.status?.conditions?.find((each) => each.type === type);
    },
    settle: async (ms = 100) => clock.advance(ms),
    async names() {
      const { items } = await admin.list(ConfigMap);
      return items
        .filter(({ metadata }) => ["demo", "other"].includes(metadata.namespace ?? ""))
        .map(({ metadata }) => metadata.name)
        .sort();
    },
  };
}

export function siteController(
  definition: SiteDefinition,
  options: ControllerForOptions = {},
): ControllerDefinition<Site> {
  return controllerFor(Site, options).desired(definition);
}

/** The content of a ConfigMap says whether it is ready. */
export const saysReady = (live: Stored<KubeObject>): boolean | string =>
  (live as Stored<ConfigMap>).data?.["ready"] === "yes" || "is not ready by its own word";
