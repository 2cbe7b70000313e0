// Three replicas of an operator share its objects: all of them work, each on its own keys, and no key is ever worked on
// by two at once. When replicas come and go, keys move to those that are there.
import { hostname } from "node:os";
import { ConfigMap, Secret } from "@homeostat/api";
import { controllerFor, createSharder, type ManagerOptions, runOperator } from "@homeostat/runtime";

/** @param identity unique among the replicas, and a name a Lease may have; in a pod its name */
export const replica = (identity: string) => ({
  operator: {
    name: "digests",
    sharding: true, // for programs and manifests: all replicas work, none leads
    controllers: [
      controllerFor(Secret, { name: "digests", labelSelector: "digest=yes" }).reconcile(async ({ object, client }) => {
        const { name, namespace } = object.metadata;
        await client.apply(ConfigMap, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, namespace: namespace! },
          data: { keys: String(Object.keys(object.data ?? {}).length), writtenBy: identity },
        });
      }),
    ],
  },
  options: {
    shard: (parts) => createSharder({ group: "digests", namespace: "default", identity, ...parts }),
  } satisfies ManagerOptions,
});

if (import.meta.main) {
  const { operator, options } = replica(`${hostname()}-${process.pid}`);
  await runOperator(operator, { manager: options });
}
