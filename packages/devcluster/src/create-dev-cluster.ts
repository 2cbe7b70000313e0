import { type Clock, Pod, type Stored, systemClock, type Transport } from "@homeostat/api";
import { createCertificateAuthority } from "@homeostat/api/certificates";
import {
  type ApiServer,
  type ApiServerOptions,
  createApiServer,
  type ServeOptions,
  type UserInfo,
} from "@homeostat/apiserver";
import {
  type Client,
  type ControllerDefinition,
  createClient,
  createManager,
  type Logger,
  type Manager,
  type ManagerOptions,
  silentLogger,
} from "@homeostat/runtime";
import type { IngressOptions } from "./controllers/ingress-addresses.ts";
import type { LoadBalancerOptions } from "./controllers/load-balancer.ts";
import { administrator, ensureIdentity, type RestrictedIdentity } from "./identity.ts";
import type { ContainerProgram } from "./nodes/containers/container-program.ts";
import { lazyContainers } from "./nodes/containers/lazy-containers.ts";
import type { PodStage } from "./nodes/kubelet/stages.ts";
import { installResources, type OperatorDefinition } from "./operator.ts";
import { drive } from "./time.ts";

/** How fast the pretended world is. */
export type Speed = "instant" | "real" | "manual";

/** Options of {@link createDevCluster}, all optional; those of the API server are passed on to it. */
export interface DevClusterOptions extends ApiServerOptions {
  /** Default: the machine's time. With a virtual one, the kit's `expect…` run time until what is awaited holds. */
  readonly clock?: Clock;
  /** In [0, 1): jitter. Default Math.random. */
  readonly random?: () => number;
  /** Of the server and of all managers. Default: none. */
  readonly log?: Logger;
  /**
   * Which controllers of a cluster run: all (default), none (a bare API server, as envtest has it), or those named;
   * see {@link DevCluster.controllers} for the names.
   */
  readonly controllers?: "all" | "none" | readonly string[];
  /**
   * `instant` (default): what takes a cluster time happens at once, though still in its steps; `real`: it takes as long
   * as on a small cluster; `manual`: pods are put on nodes and taken away, and whoever tests says what becomes of them.
   */
  readonly speed?: Speed;
  /** How many nodes there are to begin with. Default 2; none where neither scheduler nor kubelet runs. */
  readonly nodes?: number;
  /**
   * Whether nodes renew their leases in kube-node-lease every ten seconds, and the times in their status every five
   * minutes, as kubelets do (the controller `node-heartbeat`). Default false: a write every five seconds is noise in a
   * test. For the lease of the server see `identityLease`.
   */
  readonly heartbeats?: boolean;
  readonly loadBalancer?: LoadBalancerOptions;
  /** Plays an ingress controller. Default: there is none, as on a cluster where nobody has installed one. */
  readonly ingress?: IngressOptions;
  /**
   * How pods behave, by their labels: late, failing, crashing, or some of each by weight. A pod can also name a stage, one
   * of these or a built-in one (`instant`, `delayed`, `failing`, `crash-looping` …), in the label `dev.homeostat/stage`.
   */
  readonly stages?: readonly PodStage[];
  /**
   * What containers do when kubectl executes commands in them, attaches, asks for logs or forwards ports. Default: a few
   * commands such as `echo`, `cat` and `sh -c`, logs of what the container's command echoes, and a pod's name over HTTP.
   */
  readonly programs?: readonly ContainerProgram[];
}

/** A cluster in this process: an API server, and the controllers that make a cluster behave. */
export interface DevCluster extends AsyncDisposable {
  readonly apiServer: ApiServer;
  /** An administrator's; all its reads ask the server. */
  readonly client: Client;
  readonly clock: Clock;
  /** Names of the cluster's controllers that run. */
  readonly controllers: readonly string[];
  /** The way to the server without a socket. @param user default an administrator */
  transport(user?: UserInfo): Transport;
  /** Serves HTTPS, for kubectl and others. @throws Error that says what to do when the port is taken */
  listen(options?: ServeOptions): Promise<ListeningCluster>;
  /**
   * Starts a manager with these controllers; an operator's kinds are installed first. Each call makes a manager of its
   * own. Resolves when its caches are in sync and its workers run.
   */
  run(
    // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
    what: OperatorDefinition | ControllerDefinition<any> | readonly ControllerDefinition<any>[],
    options?: RunOptions,
  ): Promise<Manager>;
  /** Stops what `run` started, then the cluster's controllers, then the server. Idempotent. */
  stop(): Promise<void>;
}

export interface RunOptions extends Omit<ManagerOptions, "transport" | "clock"> {
  /** Who the manager is: an administrator of its own name (default), a service account with these rules, or any user. */
  readonly identity?: RestrictedIdentity | UserInfo;
}

export interface ListeningCluster {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  readonly port: number;
  /** Text of a kubeconfig. @param user default an administrator */
  kubeconfig(user?: UserInfo): string;
  stop(): Promise<void>;
}

/** Who the cluster's controllers are: bound to a role of its own from the start, and to nothing more. */
const controllerManager: UserInfo = {
  username: "system:kube-controller-manager",
  groups: ["system:authenticated"],
};

/**
 * Boots a cluster. What a cluster has from its first second is there when the promise resolves.
 *
 * @throws Error naming a controller that does not exist
 */
export async function createDevCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLogger;
  // Certificates are checked by the machine's time, whatever time the cluster lives in.
  const authority = options.authority ?? createCertificateAuthority({ clock: systemClock });
  // With the controllers that make service accounts and look after volumes, admission may rely on them.
  const admission = { serviceAccounts: runsAll(options), storageProtection: runsAll(options), ...options.admission };
  const containers = runsKubelet(options)
    ? lazyContainers({ clock, programs: options.programs ?? [], current: (pod) => currentPod(client, pod) })
    : {};
  const server = { ...containers, ...options, clock, log, authority, admission };
  const apiServer = await drive(clock, createApiServer(server));
  const client = createClient({ transport: apiServer.transport(), userAgent: "homeostat", clock, log });
  const managers: Manager[] = [];
  const random = options.random ? { random: options.random } : {};

  let controllers: readonly string[] = [];
  if (options.controllers !== "none") {
    // Loaded on demand: a bare API server starts faster without them.
    const { startControllers } = await import("./start-controllers.ts");
    const started = startControllers({
      ...options,
      clock,
      log,
      authority,
      client,
      transport: apiServer.transport(controllerManager),
    });
    const { manager, names } = await drive(clock, started);
    managers.push(manager);
    controllers = names;
  }

  let stopped: Promise<void> | undefined;
  const cluster: DevCluster = {
    apiServer,
    client,
    clock,
    controllers,
    transport: (user) => apiServer.transport(user),
    listen: (serve) => apiServer.listen(serve),
    async run(what, { identity, ...managerOptions } = {}) {
      const operator = asOperator(what, managerOptions.name);
      await installResources(client, clock, operator.resources ?? []);
      const user = await userOf(client, identity, operator.name);
      const transport = apiServer.transport(user);
      const manager = createManager({ log, name: operator.name, ...random, ...managerOptions, clock, transport });
      for (const definition of controllersOf(operator)) manager.add(definition);
      await operator.setup?.(manager);
      managers.push(manager);
      await drive(clock, manager.start());
      return manager;
    },
    stop() {
      stopped ??= drive(clock, stopAll(managers, apiServer));
      return stopped;
    },
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
  return cluster;
}

const runsKubelet = ({ controllers = "all" }: DevClusterOptions): boolean =>
  controllers === "all" || controllers.includes("kubelet");

async function currentPod(client: Client, { metadata }: Stored<Pod>): Promise<Stored<Pod> | undefined> {
  const found = await client.find(Pod, metadata);
  return found?.metadata.uid === metadata.uid ? found : undefined;
}

const runsAll = ({ controllers = "all" }: DevClusterOptions): boolean => controllers === "all";

function asOperator(what: Parameters<DevCluster["run"]>[0], name: string | undefined): OperatorDefinition {
  if ("controllers" in what) return what;
  const controllers = "reconcile" in what ? [what] : what;
  return { name: name ?? controllers[0]?.name ?? "operator", controllers };
}

function controllersOf({ controllers }: OperatorDefinition): Exclude<OperatorDefinition["controllers"], () => unknown> {
  return typeof controllers === "function" ? controllers() : controllers;
}

async function userOf(client: Client, identity: RunOptions["identity"], name: string): Promise<UserInfo> {
  if (identity === undefined) return administrator(name);
  return "rules" in identity ? ensureIdentity(client, identity, name) : identity;
}

/** Those that came last go first; the server outlives them all, so that they can say good-bye. */
async function stopAll(managers: readonly Manager[], apiServer: ApiServer): Promise<void> {
  const failures: unknown[] = [];
  for (const manager of managers.toReversed()) await manager.stop().catch((error: unknown) => failures.push(error));
  await apiServer.stop();
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures, "stopping failed");
}
