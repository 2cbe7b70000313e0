import {
  ConfigMap,
  createVirtualClock,
  type KubeObject,
  type NamespacedName,
  type Stored,
  type Transport,
  type TransportRequest,
  type VirtualClock,
} from "@homeostat/api";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import type { ControllerDefinition, LedgerEntry, Logger, Manager } from "@homeostat/runtime";
import { WebApp, webAppOperator } from "@homeostat/webapp";

/** A cluster in virtual time, an operator for WebApps, and what it did. */
export interface WebAppWorld extends AsyncDisposable {
  readonly cluster: DevCluster;
  readonly clock: VirtualClock;
  /** Every finished reconcile, of all controllers that ever ran here. */
  readonly reconciles: readonly LedgerEntry[];
  /** Warnings and errors logged. */
  readonly lines: readonly LogLine[];
  /** Everything the operator asked of the server. */
  readonly requests: readonly TransportRequest[];
  /** Starts an operator beside those that run. Default: the WebApp operator without a bug. */
  start(operator?: readonly ControllerDefinition<WebApp>[]): Promise<Manager>;
  create(name: string, spec?: Partial<WebApp["spec"]>): Promise<Stored<WebApp>>;
  edit(name: string, message: string): Promise<Stored<WebApp>>;
  app(name: string): Promise<Stored<WebApp> | undefined>;
  configMap(name: string): Promise<Stored<ConfigMap> | undefined>;
  /** Whether the WebApp says it is ready, about its present generation, and its ConfigMap holds its message. */
  converged(name: string): Promise<boolean>;
  /** Runs time until it is. @returns how many milliseconds passed */
  untilConverged(name: string, limitMs?: number): Promise<number>;
  events(reason: string): Promise<readonly EventRow[]>;
  /** A request of kubectl's, as it sends them. */
  request(request: Omit<TransportRequest, "signal">): Promise<unknown>;
}

export interface LogLine {
  readonly level: "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A row of `kubectl get events`. */
export interface EventRow {
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly message: string;
}

export const namespace = "default";

export interface WebAppWorldOptions {
  /** Controllers of the cluster that run beside the operator. Default none. */
  readonly controllers?: readonly string[];
}

export async function createWebAppWorld({ controllers = [] }: WebAppWorldOptions = {}): Promise<WebAppWorld> {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: controllers.length > 0 ? controllers : "none" });
  const transport = cluster.transport();
  const reconciles: LedgerEntry[] = [];
  const lines: LogLine[] = [];
  const requests: TransportRequest[] = [];
  const log = collecting(lines);
  const { client } = cluster;
  const live = { from: "live" } as const;

  const world: WebAppWorld = {
    cluster,
    clock,
    reconciles,
    lines,
    requests,
    start: (operator = webAppOperator.controllers()) =>
      cluster.run(
        { ...webAppOperator, controllers: operator },
        {
          log,
          random: pseudoRandom(7),
          onReconciled: (entry) => void reconciles.push(entry),
          interceptors: [
            (next) => (request) => {
              requests.push(request);
              return next(request);
            },
          ],
        },
      ),
    create: (name, spec = {}) =>
      client.create(WebApp, WebApp.object({ metadata: { name, namespace }, spec: { message: "hello", ...spec } })),
    edit: (name, message) =>
      client.patchMerge(WebApp, { namespace, name }, { spec: { message } }, { fieldManager: "kubectl-edit" }),
    app: (name) => client.find(WebApp, { namespace, name }, live),
    configMap: (name) => client.find(ConfigMap, configMapKey(name), live),
    async converged(name) {
      const [app, map] = [await world.app(name), await world.configMap(name)];
      const { phase, observedGeneration } = app?.status ?? {};
      const isReady = phase === "Ready" && observedGeneration === app?.metadata.generation;
      return isReady && map?.data?.["message"] === app?.spec.message;
    },
    async untilConverged(name, limitMs = 60_000) {
      const before = clock.now();
      await clock.until(() => world.converged(name), `WebApp ${name} to converge`, limitMs);
      return clock.now() - before;
    },
    async events(reason) {
      const path = `/api/v1/namespaces/${namespace}/events?limit=500&fieldSelector=reason%3D${reason}`;
      const headers = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
      return eventRows((await world.request({ method: "GET", path, headers })) as Table);
    },
    request: (request) => send(transport, request),
    [Symbol.asyncDispose]: () => cluster.stop(),
  };
  return world;
}

export const configMapKey = (name: string): NamespacedName => ({ namespace, name: `${name}-config` });

/** The bug for one object only; everything else is reconciled as it should be. */
export function onlyFor(
  name: string,
  buggy: readonly ControllerDefinition<WebApp>[],
): readonly ControllerDefinition<WebApp>[] {
  const [healthy] = webAppOperator.controllers() as ControllerDefinition<WebApp>[];
  return buggy.map((definition) => ({
    ...definition,
    reconcile: (context) => {
      if (context.object.metadata.name === name) return definition.reconcile(context);
      return definition.name === healthy!.name ? healthy!.reconcile(context) : Promise.resolve({});
    },
  }));
}

/** Whether a line tells of a loop. */
export const isLoop = ({ message }: LogLine): boolean => message === "Reconcile loop";

export async function send(transport: Transport, request: TransportRequest): Promise<unknown> {
  const response = await transport(request);
  const text = new TextDecoder().decode(await response.bytes());
  if (response.status >= 400) throw new Error(`${request.method} ${request.path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

interface Table extends KubeObject {
  readonly columnDefinitions: readonly { readonly name: string }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

function eventRows({ columnDefinitions, rows }: Table): EventRow[] {
  const column = (name: string): number => columnDefinitions.findIndex((definition) => definition.name === name);
  const [type, reason, object, message] = ["Type", "Reason", "Object", "Message"].map(column);
  return rows.map(({ cells }) => ({
    type: String(cells[type!]),
    reason: String(cells[reason!]),
    object: String(cells[object!]),
    message: String(cells[message!]),
  }));
}

function collecting(lines: LogLine[], bound: Readonly<Record<string, unknown>> = {}): Logger {
  const write = (level: LogLine["level"]) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: () => {},
    info: () => {},
    warn: write("warn"),
    error: write("error"),
    child: (fields) => collecting(lines, { ...bound, ...fields }),
  };
}

/** Numbers in [0, 1) that are the same in every run. */
export function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
