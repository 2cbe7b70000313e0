import { type Clock, Secret, systemClock } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import { type Logger, silentLogger } from "../log.ts";
import type { Runnable } from "../manager/manager.ts";
import type { Clusters } from "./cluster.ts";
import { createCluster, type NamedCluster } from "./create-cluster.ts";

/** Where kubeconfigs are found, and what becomes of them. */
export interface KubeconfigSecretsOptions {
  /** The manager's. */
  readonly clusters: Clusters;
  /** Of the cluster in which the Secrets are: the manager's. */
  readonly cache: Cache;
  /** Namespace of the Secrets. */
  readonly namespace: string;
  /** Which Secrets. Default `sigs.k8s.io/multicluster-runtime-kubeconfig=true`. */
  readonly labelSelector?: string;
  /** Key of the kubeconfig in a Secret. Default `kubeconfig`. */
  readonly key?: string;
  readonly clock?: Clock;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  readonly log?: Logger;
  /** Makes a cluster of a kubeconfig. Default: {@link createCluster}. */
  readonly create?: (name: string, kubeconfig: string) => NamedCluster;
}

/**
 * Engages one cluster for each Secret with a kubeconfig, under the Secret's name: when the Secret appears, anew when its
 * kubeconfig changes, and no longer when it goes. A kubeconfig that does not work is logged and tried again when it
 * changes; a cluster that cannot be reached stays engaged and comes when it can.
 *
 * Source: sigs.k8s.io/multicluster-runtime, kubeconfig provider.
 */
export function kubeconfigSecrets(options: KubeconfigSecretsOptions): Runnable {
  const { clusters, cache, namespace, key = "kubeconfig", clock = systemClock, log = silentLogger } = options;
  const labelSelector = options.labelSelector ?? "sigs.k8s.io/multicluster-runtime-kubeconfig=true";
  const create =
    options.create ??
    ((name: string, kubeconfig: string) =>
      createCluster({ name, kubeconfig, clock, log, ...(options.random ? { random: options.random } : {}) }));
  const wanted = new Map<string, string>();
  const engaged = new Map<string, string>();
  let turn: Promise<void> = Promise.resolve();

  const follow = async (name: string): Promise<void> => {
    const kubeconfig = wanted.get(name);
    if (engaged.get(name) === kubeconfig) return;
    if (engaged.delete(name)) await clusters.disengage(name);
    if (kubeconfig === undefined) return;
    // Set first: a kubeconfig that does not work is not tried again before it changes.
    engaged.set(name, kubeconfig);
    const cluster = create(name, kubeconfig);
    // In sync it is when it can be reached; others must not wait for that.
    clusters
      .engage(cluster)
      .catch((error: unknown) => log.warn({ err: error, cluster: name }, "Cluster was not engaged"));
  };

  return {
    name: `kubeconfig secrets ${namespace}`,
    group: "others",
    async run(signal) {
      const watch = cache.watch(Secret, {
        namespace,
        labelSelector,
        handler: (event) => {
          const { name } = event.object.metadata;
          const data = event.type === "deleted" ? undefined : event.object.object().data?.[key];
          if (data === undefined) wanted.delete(name);
          else wanted.set(name, Buffer.from(data, "base64").toString("utf8"));
          turn = turn
            .then(() => follow(name))
            .catch((error: unknown) => log.error({ err: error, cluster: name }, "Cluster was not engaged"));
        },
      });
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      watch.stop();
      await turn;
    },
  };
}
