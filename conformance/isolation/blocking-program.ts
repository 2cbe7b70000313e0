import { ConfigMap } from "@homeostat/api";
import { createDevCluster } from "@homeostat/devcluster";
import { controllerFor } from "@homeostat/runtime";

/**
 * In real time: a reconcile of the object `bad` blocks the event loop for a second, just after five others were edited. Prints
 * what became of them.
 */
const namespace = "default";
const others = ["a", "b", "c", "d", "e"];
const cluster = await createDevCluster({ controllers: "none" });
const editedAt = new Map<string, number>();
const reconciled = new Map<string, string>();
const failures: string[] = [];
let slowestMs = 0;

const put = (name: string, text: string): Promise<unknown> => {
  editedAt.set(name, performance.now());
  const metadata = { namespace, name, labels: { copy: "me" } };
  return cluster.client.apply(ConfigMap, { metadata, data: { text } } as ConfigMap, { fieldManager: "a person" });
};

const manager = await cluster.run(
  controllerFor(ConfigMap, { name: "copies", labelSelector: "copy=me", concurrency: 2 }).reconcile(
    async ({ object: { metadata, data } }) => {
      if (metadata.name === "bad") {
        // Asked for before the loop is blocked, so they can be done only after.
        for (const name of others) void put(name, "last");
        for (const end = performance.now() + 1_000; performance.now() < end; );
        return;
      }
      slowestMs = Math.max(slowestMs, performance.now() - editedAt.get(metadata.name)!);
      reconciled.set(metadata.name, data?.["text"] ?? "");
    },
  ),
  {
    leaderElection: { id: "isolation", namespace },
    onReconciled: ({ name, outcome }) => {
      if (outcome === "error") failures.push(name);
    },
  },
);
await manager.elected;
for (const name of others) await put(name, "first");
await put("bad", "whatever");
while (others.some((name) => reconciled.get(name) !== "last")) await new Promise((resolve) => setTimeout(resolve, 20));
const { isLeader } = manager;
process.stdout.write(JSON.stringify({ slowestMs, failures, reconciled: [...reconciled].sort(), isLeader }));
await cluster.stop();
