// Two replicas of an operator run, and one works: a Lease says which. The other has watched all along, so it goes on in
// the moment it leads; and one that stood still and does not know that it was replaced is refused every write.
import { hostname } from "node:os";
import { ConfigMap, Secret } from "@homeostat/api";
import { controllerFor, type ManagerOptions, runOperator } from "@homeostat/runtime";

/** @param identity unique among the replicas; in a pod its name */
export const replica = (identity: string) => ({
  operator: {
    name: "copies",
    controllers: [
      controllerFor(Secret, { name: "copies", labelSelector: "copy=yes", access: { children: [ConfigMap] } }).reconcile(
        async ({ object, client }) => {
          const { name, namespace } = object.metadata;
          await client.apply(ConfigMap, {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name, namespace: namespace! },
            data: { keys: Object.keys(object.data ?? {}).join(" "), writtenBy: identity },
          });
        },
      ),
    ],
  },
  options: { leaderElection: { id: "copies", namespace: "copies", identity } } satisfies ManagerOptions,
});

if (import.meta.main) {
  const { operator, options } = replica(`${hostname()}-${process.pid}`);
  await runOperator(operator, { manager: options });
}
