import { readFile } from "node:fs/promises";
import { groupResource, isAlreadyExists, type Stored } from "@homeostat/api";
import type { DevCluster, ListeningCluster, PodStage, Speed } from "@homeostat/devcluster";
import type { ControllerDefinition, Logger, Manager, StoreEvent } from "@homeostat/runtime";
import type { Environment } from "../environment.ts";
import { CommandError, fileError } from "../errors.ts";
import { hostWebhooks, withdrawWebhooks } from "../operator-webhooks.ts";
import { type BugName, loadOperator, type Operator } from "../operators.ts";
import type { LiveEvent } from "../view/live-state.ts";
import { objectRow } from "../view/object-row.ts";
import { openDataDir } from "./data-dir.ts";
import { prepareKubeconfig, writeKubeconfig } from "./kubeconfig-file.ts";
import { isRunning } from "./ledger-client.ts";
import type { LedgerSource } from "./ledger-lookup.ts";
import { type LedgerServer, serveLedger } from "./ledger-server.ts";
import { readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";

export interface SessionOptions {
  /** 0: any free one. */
  readonly port: number;
  /** Absolute. */
  readonly kubeconfig: string;
  /** Absolute. Default: everything is kept in memory. */
  readonly dataDir?: string;
  /** Names. They are loaded and started after the cluster, and told to {@link emit} when they run. */
  readonly operators: readonly string[];
  readonly bug?: BugName;
  /** Whether each operator's sample is made, where it is not there. */
  readonly sample: boolean;
  readonly loopGuard: boolean;
  /** Whether operators serve their webhooks, and the API server asks them. */
  readonly webhooks: boolean;
  readonly speed: Speed;
  readonly controllers: "all" | "none";
  /** Absolute: a file with stages of pods. */
  readonly stages?: string;
  /** Whether nodes and the server renew leases, as those of other clusters do. */
  readonly heartbeats: boolean;
  readonly log: Logger;
  readonly emit: (event: LiveEvent) => void;
}

/** A cluster that answers, with its operators running or about to. */
export interface Session {
  readonly url: string;
  /** Rejects when an operator cannot be started, or ends by itself; never resolves. */
  readonly failed: Promise<never>;
  /** Managers, then the server. */
  stop(): Promise<void>;
}

/** How long a reconcile may take to finish when stopping, in milliseconds: Ctrl-C should end within a second. */
const gracefulShutdownMs = 300;

/**
 * Boots a cluster, and starts operators in it: loading those takes as long as the boot, and nobody needs to wait for it.
 *
 * @throws CommandError; what was started by then is stopped
 */
export async function startSession(options: SessionOptions, environment: Environment): Promise<Session> {
  const { kubeconfig, port, dataDir, log } = options;
  await refuseSecond(kubeconfig);
  await prepareKubeconfig(kubeconfig);
  const { createDevCluster } = await import("@homeostat/devcluster");
  const stages = options.stages === undefined ? [] : await loadStages(options.stages);
  const kept = dataDir === undefined ? undefined : await openDataDir(dataDir, environment.clock, log);
  const cluster = await createDevCluster({
    clock: environment.clock,
    log,
    speed: options.speed,
    controllers: options.controllers,
    stages,
    ...(options.heartbeats ? { heartbeats: true, identityLease: { hostname: environment.hostname } } : {}),
    ...kept,
  });
  const undo: (() => Promise<void>)[] = [() => cluster.stop()];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    // A cluster that was not stopped in order has them still, and nobody answers them.
    if (kept) await withdrawWebhooks(cluster.client);
    const listening = await listen(cluster, port);
    await writeKubeconfig(kubeconfig, listening.kubeconfig());
    const sources: LedgerSource[] = [];
    const server = await publish(sources, listening, options, environment);
    undo.push(async () => {
      await removeRunFile(kubeconfig);
      await server.stop();
    });
    const stopping = new AbortController();
    const started = options.operators.map((name) =>
      startOperator(cluster, name, options, sources, environment, stopping.signal),
    );
    undo.push(async () => {
      stopping.abort();
      // One that is being started cannot be stopped yet; one that is being loaded is not waited for.
      await Promise.allSettled(started);
      // What is kept only in memory is gone with them.
      if (!kept) return;
      await withdrawWebhooks(cluster.client).catch((error: unknown) =>
        log.warn({ err: error }, "Webhooks stay announced: the next start with this data takes them away"),
      );
    });
    return { url: listening.url, failed: firstFailure(started), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws CommandError that names the file, and what is wrong in it */
async function loadStages(path: string): Promise<PodStage[]> {
  const { readStages } = await import("@homeostat/devcluster");
  try {
    return await readStages(await readFile(path, "utf8"));
  } catch (error) {
    throw new CommandError(`--stages ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Two clusters cannot share a kubeconfig: the second would take the first one's users away. */
async function refuseSecond(kubeconfig: string): Promise<void> {
  const run = await readRunFile(kubeconfig);
  if (run && (await isRunning(run))) {
    throw new CommandError(
      `the kubeconfig ${kubeconfig} belongs to a cluster that runs already, at ${run.server} (process ${run.pid}): use that one, stop it, or choose another file with --kubeconfig`,
    );
  }
}

async function listen(cluster: DevCluster, port: number): Promise<ListeningCluster> {
  try {
    return await cluster.listen({ port });
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new CommandError(`port ${port} is in use by another program: stop it, or use --port 0 for a free one`, {
        cause: error,
      });
    }
    if (code === "EACCES") {
      throw new CommandError(`this user may not use port ${port}: use one above 1023, or --port 0 for a free one`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** @returns undefined where it was aborted before the operator ran */
async function startOperator(
  cluster: DevCluster,
  name: string,
  options: SessionOptions,
  sources: LedgerSource[],
  { clock }: Environment,
  signal: AbortSignal,
): Promise<Manager | undefined> {
  options.emit({ type: "operator", operator: { name, running: false, at: clock.now() } });
  const operator = await Promise.race([loadOperator(name), aborted(signal)]);
  if (operator === undefined) return undefined;
  const manager = await runOperator(cluster, operator, options, sources, signal);
  if (manager === undefined) return undefined;
  options.emit({ type: "operator", operator: { name, running: true, at: clock.now() } });
  return manager;
}

/** Resolves when the signal is aborted. */
const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined), { once: true }));

async function runOperator(
  cluster: DevCluster,
  operator: Operator,
  { bug, loopGuard, webhooks, sample, log, emit }: SessionOptions,
  sources: LedgerSource[],
  signal: AbortSignal,
): Promise<Manager | undefined> {
  const definitions = operator
    .controllers(bug === undefined ? {} : { bug })
    .map((definition) => (loopGuard ? definition : withoutLoopGuard(definition)));
  const resourceOf = new Map(definitions.map((definition) => [definition.name, nameOf(definition)]));
  const hosted = webhooks && operator.webhooks ? await hostWebhooks(operator.name, operator.webhooks) : undefined;
  if (signal.aborted) return undefined;
  const manager = await cluster.run(
    {
      name: `${operator.name}-operator`,
      resources: operator.resources,
      controllers: definitions,
      setup(manager) {
        operator.setup?.(manager);
        hosted?.setup(manager);
      },
    },
    {
      log,
      gracefulShutdownMs,
      onReconciled: (entry) =>
        emit({ type: "reconciled", row: { entry, resource: resourceOf.get(entry.controller) ?? "", times: 1 } }),
    },
  );
  for (const { name, for: resource } of definitions)
    if (resource) sources.push({ controller: name, resource, ledger: manager.ledger });
  watchObjects(manager, operator, emit);
  try {
    await hosted?.announce(cluster.client, log, signal);
    if (sample) await createSamples(cluster, operator, signal);
  } catch (error) {
    // Stopping waits for this, and what is left to do would be undone.
    if (!signal.aborted) throw error;
  }
  return manager;
}

// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
const nameOf = ({ for: resource }: ControllerDefinition<any>): string => (resource ? groupResource(resource) : "");

// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
function withoutLoopGuard(definition: ControllerDefinition<any>): ControllerDefinition<any> {
  return { ...definition, options: { ...definition.options, loopGuard: false } };
}

/** The manager watches these kinds anyway: the view shares its stores. */
function watchObjects(manager: Manager, { resources }: Operator, emit: (event: LiveEvent) => void): void {
  for (const resource of resources) {
    const { kind } = resource;
    const handler = (event: StoreEvent): void => {
      const { namespace, name } = event.object.metadata;
      if (event.type === "deleted") emit({ type: "objectGone", object: { kind, namespace, name } });
      else emit({ type: "object", object: objectRow(kind, event.object.object() as Stored) });
    };
    manager.cache.watch(resource, { handler });
  }
}

/** What is there already stays as the user has made it. */
async function createSamples(cluster: DevCluster, { samples }: Operator, signal: AbortSignal): Promise<void> {
  for (const { resource, object } of samples) {
    try {
      await cluster.client.create(resource, object, { fieldManager: "homeostat-up", signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

async function publish(
  sources: readonly LedgerSource[],
  listening: ListeningCluster,
  { kubeconfig }: SessionOptions,
  { randomBytes, pid }: Environment,
): Promise<LedgerServer> {
  const token = Buffer.from(randomBytes(24)).toString("base64url");
  const server = await serveLedger(() => sources, token);
  try {
    await writeRunFile(kubeconfig, { pid, ledger: server.url, token, server: listening.url });
  } catch (error) {
    await server.stop();
    throw fileError("write beside the kubeconfig", kubeconfig, error, "choose another file with --kubeconfig");
  }
  return server;
}

function firstFailure(started: readonly Promise<Manager | undefined>[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const each of started) each.then((manager) => manager?.ended).catch(reject);
  });
}
