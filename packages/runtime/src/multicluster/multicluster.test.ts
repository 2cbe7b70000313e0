import { ConfigMap, createVirtualClock, type KubeObject, Secret, type VirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, eventually } from "@homeostat/devcluster";
import { describe, expect, onTestFinished, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import type { Manager } from "../manager/manager.ts";
import { connectKubeconfig, createCluster } from "./create-cluster.ts";
import { kubeconfigSecrets } from "./kubeconfig-secrets.ts";

const label = "sigs.k8s.io/multicluster-runtime-kubeconfig";

async function boot(clock: VirtualClock): Promise<DevCluster> {
  const cluster = await createDevCluster({ clock, controllers: "none", random: () => 0.5 });
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** Marks ConfigMaps of the label in every cluster with the cluster's name. */
const marker = (clusters: "engaged" | "all") =>
  controllerFor(ConfigMap, { name: "marker", labelSelector: "mark=yes", clusters }).reconcile(
    async ({ object, client, request }) => {
      const seenBy = request.cluster ?? "own";
      await client.patchMerge(ConfigMap, object.metadata, { data: { seenBy } });
    },
  );

const marked = (name: string): KubeObject => ({ metadata: { name, namespace: "default", labels: { mark: "yes" } } });

const seenBy = async (cluster: DevCluster, name: string): Promise<string | undefined> =>
  (await cluster.client.find(ConfigMap, { namespace: "default", name }))?.data?.["seenBy"];

async function setUp(clusters: "engaged" | "all") {
  const clock = createVirtualClock();
  const [hub, east, west] = [await boot(clock), await boot(clock), await boot(clock)];
  const manager: Manager = createManager({ transport: hub.transport(), clock, random: () => 0.5, log: silentLogger });
  onTestFinished(() => manager.stop());
  manager.add(marker(clusters));
  const engage = (name: string, cluster: DevCluster) =>
    manager.clusters.engage(createCluster({ name, transport: cluster.transport(), clock, random: () => 0.5 }));
  return { clock, hub, east, west, manager, engage };
}

describe("multi-cluster", () => {
  test("M03 reconciles objects of every engaged cluster with the cluster's own client", async () => {
    const { clock, hub, east, west, manager, engage } = await setUp("all");
    await east.client.create(ConfigMap, marked("a"));
    await manager.start();
    await engage("east", east);
    await engage("west", west);
    await hub.client.create(ConfigMap, marked("a"));
    await west.client.create(ConfigMap, marked("b"));
    await clock.advance(1_000);
    expect([await seenBy(hub, "a"), await seenBy(east, "a"), await seenBy(west, "b")]).toEqual(["own", "east", "west"]);
    expect(
      manager.ledger
        .entries({ name: "a" })
        .map(({ cluster }) => cluster)
        .sort(),
    ).toContain("east");
  });

  test("leaves the manager's own cluster alone where controllers work on engaged ones", async () => {
    const { clock, hub, east, manager, engage } = await setUp("engaged");
    await manager.start();
    await hub.client.create(ConfigMap, marked("a"));
    await east.client.create(ConfigMap, marked("a"));
    await engage("east", east);
    await clock.advance(1_000);
    expect([await seenBy(hub, "a"), await seenBy(east, "a")]).toEqual([undefined, "east"]);
  });

  test("lets go of a cluster that is disengaged, and takes it back under the same name", async () => {
    const { clock, east, west, manager, engage } = await setUp("engaged");
    await manager.start();
    await engage("east", east);
    await engage("west", west);
    await manager.clusters.disengage("east");
    await east.client.create(ConfigMap, marked("late"));
    await west.client.create(ConfigMap, marked("late"));
    await clock.advance(60_000);
    expect([await seenBy(east, "late"), await seenBy(west, "late")]).toEqual([undefined, "west"]);
    await engage("east", east);
    await clock.advance(1_000);
    expect(await seenBy(east, "late")).toBe("east");
    expect(manager.clusters.names).toEqual(["west", "east"]);
  });

  test("goes on in one cluster while another cannot be reached", async () => {
    const { clock, east, manager, engage } = await setUp("engaged");
    await manager.start();
    const dead = createCluster({
      name: "dead",
      transport: async () => {
        throw new Error("connection refused");
      },
      clock,
    });
    manager.clusters.engage(dead).catch(() => {});
    await engage("east", east);
    await east.client.create(ConfigMap, marked("a"));
    await clock.advance(1_000);
    expect(await seenBy(east, "a")).toBe("east");
  });

  test("follows Secrets with kubeconfigs: engages, engages anew, lets go", async () => {
    const { clock, hub, east, west, manager } = await setUp("engaged");
    const byText = new Map([
      ["to east", east],
      ["to west", west],
    ]);
    const provider = kubeconfigSecrets({
      clusters: manager.clusters,
      cache: manager.cache,
      namespace: "default",
      clock,
      create: (name, kubeconfig) => {
        const cluster = byText.get(kubeconfig);
        if (!cluster) throw new Error("this kubeconfig leads nowhere");
        return createCluster({ name, transport: cluster.transport(), clock, random: () => 0.5 });
      },
    });
    manager.add(provider);
    await manager.start();
    const write = (text: string) =>
      hub.client.apply(
        Secret,
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "spoke", namespace: "default", labels: { [label]: "true" } },
          stringData: { kubeconfig: text },
        },
        { fieldManager: "test", force: true },
      );
    await east.client.create(ConfigMap, marked("a"));
    await west.client.create(ConfigMap, marked("a"));
    await write("nonsense");
    await clock.advance(1_000);
    expect(manager.clusters.names).toEqual([]);
    await write("to east");
    await eventually(hub, async () => expect(await seenBy(east, "a")).toBe("spoke"));
    expect(await seenBy(west, "a")).toBeUndefined();
    await write("to west");
    await eventually(hub, async () => expect(await seenBy(west, "a")).toBe("spoke"));
    await hub.client.delete(Secret, { namespace: "default", name: "spoke" });
    await clock.advance(1_000);
    expect(manager.clusters.names).toEqual([]);
  });
});

describe("a kubeconfig from elsewhere", () => {
  const kubeconfig = (user: string) => `
apiVersion: v1
kind: Config
current-context: there
clusters: [{name: c, cluster: {server: "https://there.example.com"}}]
contexts: [{name: there, context: {cluster: c, user: u}}]
users: [{name: u, user: ${user}}]
`;

  test("is used when it carries everything in itself", () => {
    const { server } = connectKubeconfig(kubeconfig('{token: "abc"}'), createVirtualClock());
    expect(server).toBe("https://there.example.com");
  });

  test("may not read files of this machine", () => {
    const connect = () =>
      connectKubeconfig(kubeconfig("{client-certificate: /a.crt, client-key: /a.key}"), createVirtualClock());
    const request = async () => connect().transport({ method: "GET", path: "/version" });
    return expect(request()).rejects.toThrow("may not name files of this machine (/a.crt)");
  });

  test("may not start programs", async () => {
    const exec = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: rm, interactiveMode: Never}}";
    const { transport } = connectKubeconfig(kubeconfig(exec), createVirtualClock());
    await expect(transport({ method: "GET", path: "/version" })).rejects.toThrow(/may not start programs here \(rm\)/);
  });
});
