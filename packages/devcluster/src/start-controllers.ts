import { type Clock, type Interceptor, intercept, type KubeObject, type Transport } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import { type Client, createManager, type Logger, type Manager } from "@homeostat/runtime";
import { createBootObjects } from "./boot-objects.ts";
import { clusterControllers } from "./controllers/cluster-controllers.ts";
import type { DevClusterOptions } from "./create-dev-cluster.ts";
import { EventSources } from "./event-sources.ts";
import { createNodes, nodeControllers } from "./nodes/index.ts";
import { workloadControllers } from "./workloads/index.ts";
import { writeAs } from "./write-as.ts";

export interface StartControllersOptions extends DevClusterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly authority: CertificateAndKey;
  /** An administrator's. */
  readonly client: Client;
  /** As the controllers' own user. */
  readonly transport: Transport;
}

/** Who the cluster's controllers are in managed fields. */
const fieldManager = "kube-controller-manager";

/** Old kinds are kept up on purpose here: that they are old is no news to anybody. */
const withoutWarnings: Interceptor = (next) => async (request) => {
  const response = await next(request);
  if (response.headers["warning"] === undefined) return response;
  const { warning: _, ...headers } = response.headers;
  return { ...response, headers, bytes: () => response.bytes(), pipe: (sink) => response.pipe(sink) };
};

/** Starts the cluster's controllers under one manager. @throws Error naming a controller that does not exist */
export async function startControllers(
  options: StartControllersOptions,
): Promise<{ readonly manager: Manager; readonly names: readonly string[] }> {
  const { clock, log, authority, speed = "instant" } = options;
  const own = new Set<string>();
  const transport = intercept(options.transport, writeAs(fieldManager, own), withoutWarnings);
  const random = options.random ? { random: options.random } : {};
  // Their role comes with the server: asking whether it suffices would be a hundred requests before the first second.
  const manager = createManager({ transport, clock, log, name: fieldManager, checkPermissions: false, ...random });
  const sources = new EventSources({ client: manager.client, clock, log });
  manager.add(sources);
  const cluster = clusterControllers({
    cache: manager.cache,
    client: manager.client,
    recorder: sources.recorder("garbage-collector"),
    transport,
    clock,
    log,
    random: options.random ?? Math.random,
    certificateAuthority: () => authority.certificate,
    ...(options.ingress ? { ingress: options.ingress } : {}),
    loadBalancer: { delayMs: speed === "real" ? 1_000 : 0, ...options.loadBalancer },
  });
  const { heartbeats = false, stages = [] } = options;
  const recorder = sources.recorder("node-lifecycle-controller");
  const nodes = nodeControllers({ speed, stages, heartbeats, recorder, ...random });
  const all = [...cluster, ...workloadControllers(), ...nodes];
  const chosen = choose(all, options.controllers ?? "all");
  for (const { name } of cluster) own.add(name);
  for (const each of chosen) manager.add("reconcile" in each ? sources.named<KubeObject>(each) : each);
  const names = chosen.map(({ name }) => name);
  const hasNodes = names.includes("scheduler") || names.includes("kubelet");
  const count = options.nodes ?? (hasNodes ? 2 : 0);
  await Promise.all([
    createBootObjects(options.client, authority.certificate),
    createNodes(options.client, { count, now: () => clock.now() }),
    manager.start(),
  ]);
  return { manager, names };
}

/** Those asked for, in the order of all. */
export function choose<C extends { readonly name: string }>(
  all: readonly C[],
  wanted: "all" | "none" | readonly string[],
): C[] {
  if (wanted === "all") return [...all];
  if (wanted === "none") return [];
  const known = all.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`controllers: there is no ${unknown.join(", ")}; there are ${known.toSorted().join(", ")}`);
  }
  return all.filter(({ name }) => wanted.includes(name));
}
