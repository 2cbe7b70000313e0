import { hostname } from "node:os";
import { type Clock, type Interceptor, intercept, systemClock, type Transport } from "@homeostat/api";
import { createCache } from "../cache/informer-cache.ts";
import { createClient } from "../client/api-client.ts";
import { connect } from "../client/connect.ts";
import { KubeconfigError } from "../client/kubeconfig.ts";
import { EventRecorder } from "../events/event-recorder.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Cluster } from "./cluster.ts";

/** How a further cluster is reached. */
export interface ClusterOptions {
  /** Unique within the manager. */
  readonly name: string;
  /** How to reach it. Default: by `kubeconfig`. */
  readonly transport?: Transport;
  /** Text of a kubeconfig; see {@link connectKubeconfig}. */
  readonly kubeconfig?: string;
  /** Wrapped around the connection: tracing, recording, metrics of one's own. Default none. */
  readonly interceptors?: readonly Interceptor[];
  /** Who we are there, in events and as user agent. Default `homeostat`. */
  readonly userAgent?: string;
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Default: none. */
  readonly log?: Logger;
}

/** A cluster that can be engaged. */
export type NamedCluster = Cluster & { readonly name: string; close(): Promise<void> };

/**
 * A cluster to engage. Nothing is sent before a controller watches it.
 *
 * @throws KubeconfigError where neither a transport nor a usable kubeconfig is given
 */
export function createCluster(options: ClusterOptions): NamedCluster {
  const { name, clock = systemClock, random = Math.random, userAgent = "homeostat" } = options;
  const log = (options.log ?? silentLogger).child({ cluster: name });
  const { transport: direct, close } = reach(options, clock);
  const transport = intercept(direct, ...(options.interceptors ?? []));
  const cache = createCache({ transport, clock, random, log, userAgent });
  const client = createClient({ transport, userAgent, fieldManager: userAgent, cache, clock, log });
  const instance = `${userAgent}-${hostname()}`;
  const recorder = new EventRecorder({ client, clock, log, controller: userAgent, instance });
  return {
    name,
    client,
    cache,
    recorder,
    async close() {
      await cache.stop();
      await recorder.stop();
      await close();
    },
  };
}

/**
 * A transport by the text of a kubeconfig that somebody else wrote. It must carry everything in itself: such a file may
 * not make us read our own files or start programs.
 *
 * @throws KubeconfigError naming what is not allowed, or what is wrong
 */
export function connectKubeconfig(text: string, clock: Clock): ReturnType<typeof connect> {
  const path = "/kubeconfig";
  return connect({
    kubeconfig: path,
    clock,
    host: {
      env: {},
      homeDir: "/",
      workDir: "/",
      readFile: (asked) => {
        if (asked === path) return text;
        throw new KubeconfigError(
          `a kubeconfig from elsewhere may not name files of this machine (${asked}): put the data into it`,
        );
      },
    },
    run: async (command) => {
      throw new KubeconfigError(
        `a kubeconfig from elsewhere may not start programs here (${command}): use a token or a certificate`,
      );
    },
  });
}

function reach(options: ClusterOptions, clock: Clock): { transport: Transport; close: () => Promise<void> | void } {
  if (options.transport) return { transport: options.transport, close: () => {} };
  if (options.kubeconfig === undefined)
    throw new KubeconfigError(`cluster "${options.name}": give it a transport or a kubeconfig`);
  const { transport } = connectKubeconfig(options.kubeconfig, clock);
  return { transport, close: () => transport.close() };
}
