import { ConfigMap, createVirtualClock, Namespace, Secret, type VirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, eventually, expectExists } from "@homeostat/devcluster";
import { createCluster } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { followClusters, operator } from "./operator.ts";

async function boot(clock: VirtualClock): Promise<DevCluster> {
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** The clusters share one virtual time, and no network: a kubeconfig here is only a name. */
async function setUp() {
  const clock = createVirtualClock();
  const [hub, east, west] = [await boot(clock), await boot(clock), await boot(clock)];
  const byKubeconfig = new Map([
    ["kubeconfig of east", east],
    ["kubeconfig of west", west],
  ]);
  const manager = await hub.run(operator);
  manager.add(
    followClusters(manager, {
      clock,
      create: (name, text) => createCluster({ name, transport: byKubeconfig.get(text)!.transport(), clock }),
    }),
  );
  const join = (name: string) =>
    hub.client.create(Secret, {
      metadata: { namespace: "default", name, labels: { "sigs.k8s.io/multicluster-runtime-kubeconfig": "true" } },
      data: { kubeconfig: Buffer.from(`kubeconfig of ${name}`).toString("base64") },
    });
  return { hub, east, west, manager, join };
}

const team = (cluster: DevCluster, name: string) =>
  cluster.client.create(Namespace, { metadata: { name, labels: { team: "payments" } } });

const contactIn = (cluster: DevCluster, namespace: string, told: string) =>
  expectExists(cluster, ConfigMap, { namespace, name: "contact" }, ({ data }) => data?.["cluster"] === told);

test("does its work in three clusters, each by its own client", async () => {
  const { hub, east, west, join } = await setUp();
  await team(east, "was-there-before");
  await join("east");
  await join("west");
  await team(hub, "payments");
  await team(west, "payments");
  await contactIn(hub, "payments", "own");
  await contactIn(east, "was-there-before", "east");
  await contactIn(west, "payments", "west");
  expect(await east.client.find(Namespace, { name: "payments" })).toBeUndefined();
});

test("lets go of a cluster whose Secret is gone, and goes on in the others", async () => {
  const { hub, east, west, manager, join } = await setUp();
  await join("east");
  await join("west");
  await eventually(hub, () => expect(manager.clusters.names.toSorted()).toEqual(["east", "west"]));
  await hub.client.delete(Secret, { namespace: "default", name: "east" });
  await eventually(hub, () => expect(manager.clusters.names).toEqual(["west"]));
  await team(east, "late");
  await team(west, "late");
  await contactIn(west, "late", "west");
  expect(await east.client.find(ConfigMap, { namespace: "late", name: "contact" })).toBeUndefined();
});
