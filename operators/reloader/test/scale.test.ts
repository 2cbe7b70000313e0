import { Deployment, Event, type KubeObject, Namespace } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../src/api.ts";
import { permissions } from "../src/permissions.ts";
import { auto, key, rolls, startWorld, workload } from "./world.test-support.ts";

describe("work", () => {
  test("4: a changed Secret makes only its own users and configs be looked at", async () => {
    const reconciled: string[] = [];
    const world = await startWorld();
    await world.manager.stop();
    await world.start({}, { onReconciled: ({ controller, name }) => void reconciled.push(`${controller} ${name}`) });
    for (let index = 0; index < 40; index++) {
      await world.secret(`db-${index}`, { a: "1" });
      await expectApplied(
        world.cluster,
        workload(`web-${index}`, { annotations: auto, secrets: [`db-${index}`] }),
        workload(`listed-${index}`),
        ReloaderConfig.object({
          metadata: key(`config-${index}`),
          spec: {
            watchedResources: { secrets: [`db-${index}`] },
            targets: [{ kind: "Deployment", name: `listed-${index}` }],
          },
        }),
      );
    }
    await world.settle();
    reconciled.length = 0;
    await world.secret("db-7", { a: "2" });
    await world.settle(60_000);
    expect([...new Set(reconciled)].toSorted()).toEqual([
      "reloader-config config-7",
      "reloader-deployment listed-7",
      "reloader-deployment web-7",
      "reloader-last-hash-secret db-7",
    ]);
    expect(reconciled.length).toBeLessThan(30);
  });

  test("6: hostile annotations delay nobody else", async () => {
    const world = await startWorld();
    const hostile = {
      pattern: { "secret.reloader.stakater.com/reload": "(a+)+b,((a|aa)+)+$,(a?){1000}b" },
      names: { "secret.reloader.stakater.com/reload": Array.from({ length: 20_000 }, (_, i) => `n${i}`).join() },
      patterns: {
        "secret.reloader.stakater.com/reload": Array.from({ length: 5_000 }, (_, i) => `(x+x+)+${i}`).join(),
      },
    };
    await world.secret("a".repeat(200), { a: "1" });
    await world.secret("db", { a: "1" });
    for (const [name, annotations] of Object.entries(hostile))
      await expectApplied(world.cluster, workload(name, { annotations }));
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(1);
  });

  test("6: annotations as large as a server takes them delay nobody else, and still have their effect", async () => {
    const world = await startWorld();
    const reload = "secret.reloader.stakater.com/reload";
    const large = { [reload]: `db,${"x".repeat(120_000)},${"(a|b)*".repeat(20_000)}` };
    const excluding = { ...auto, "secrets.exclude.reloader.stakater.com/reload": "y,".repeat(120_000) };
    await world.secret("db", { a: "1" });
    await expectApplied(
      world.cluster,
      workload("large", { annotations: large }),
      workload("excluding", { annotations: excluding, secrets: ["db"] }),
      workload("web", { annotations: auto, secrets: ["db"] }),
    );
    const huge = workload("huge", { annotations: { [reload]: "x".repeat(1_000_000) } });
    await expect(expectApplied(world.cluster, huge)).rejects.toThrow("metadata.annotations");
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle(2_000);
    for (const name of ["web", "large", "excluding"])
      expect(rolls(await world.cluster.client.get(Deployment, key(name))), name).toBe(1);
  });

  test("6: workloads whose patterns cost much with many names wait for their turns; others do not", async () => {
    const world = await startWorld();
    const long = (index: number): string => `${"a".repeat(220)}-${"b".repeat(index % 20)}${index}`;
    for (let index = 0; index < 60; index++) await world.secret(long(index), { a: "1" });
    const annotations = { "secret.reloader.stakater.com/reload": "([ab]|-)*a([ab]|-){180}[0-9b]*,hers" };
    for (let index = 0; index < 3; index++)
      await expectApplied(world.cluster, workload(`costly-${index}`, { annotations }));
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle(500);
    await world.secret("db", { a: "2" });
    await world.settle(100);
    const generation = async (name: string) => rolls(await world.cluster.client.get(Deployment, key(name)));
    expect(await generation("web")).toBe(1);
    const remembered = async () =>
      (await world.cluster.client.get(Deployment, key("costly-2"))).metadata.annotations?.[
        "reloader.stakater.com/reload-state"
      ];
    expect(await remembered()).toBeUndefined();
    await world.settle(60_000);
    expect(await remembered()).toContain(long(59));
    await world.secret(long(7), { a: "2" });
    await world.settle(10_000);
    expect([await generation("costly-0"), await generation("costly-1"), await generation("costly-2")]).toEqual([
      1, 1, 1,
    ]);
  });

  test("replicas that elect a leader tell and roll once, and the next takes over what the first left", async () => {
    const world = await startWorld();
    await world.manager.stop();
    const election = { id: "stakater-reloader-lock", namespace: "default" };
    const replica = (identity: string) =>
      world.start({}, { name: identity, leaderElection: { ...election, identity } });
    const first = await replica("first");
    await world.settle();
    const second = await replica("second");
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle(60_000);
    expect([first.isLeader, second.isLeader]).toEqual([true, false]);
    await world.secret("db", { a: "2" });
    await world.settle();
    await Promise.all([first.stop(), world.settle(1_000)]);
    await world.secret("db", { a: "3" });
    await world.settle(60_000);
    expect(second.isLeader).toBe(true);
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(2);
    const { items } = await world.cluster.client.list(Event, { fieldSelector: "reason=Reloaded" });
    expect(items).toHaveLength(2);
  });

  test("two operators at once roll a workload once", async () => {
    const world = await startWorld();
    await world.start({}, { name: "second" });
    await world.secret("db", { a: "0" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    for (let change = 1; change <= 5; change++) {
      await world.secret("db", { a: String(change) });
      await world.settle(20_000);
      expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(change);
    }
  });
});

describe("namespaces", () => {
  test("only selected ones are looked at, and one that comes into the selection is from then on", async () => {
    const world = await startWorld({ namespaceSelector: "reload=yes" });
    await expectApplied(world.cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
    const web = async () => rolls(await world.cluster.client.get(Deployment, key("web", "team")));
    const change = async (value: string) => {
      await world.secret("db", { a: value }, { namespace: "team" });
      await world.settle();
    };
    await change("1");
    await expectApplied(world.cluster, workload("web", { namespace: "team", annotations: auto, secrets: ["db"] }));
    await world.settle();
    await change("2");
    expect(await web()).toBe(0);
    await world.cluster.client.patchMerge(Namespace, { name: "team" }, { metadata: { labels: { reload: "yes" } } });
    await world.settle();
    expect(await web()).toBe(0);
    await change("3");
    expect(await web()).toBe(1);
  });

  test("an operator kept to some namespaces leaves the others alone, and needs no right to see them", async () => {
    const world = await startWorld();
    const { cluster } = world;
    await world.manager.stop();
    const names = ["team", "second", "default"];
    for (const name of ["team", "second"])
      await expectApplied(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    // What its service account may do, it may do in these two namespaces only.
    const group = "rbac.authorization.k8s.io";
    const rules = permissions.full.map((rule) => ({ ...rule }));
    for (const namespace of ["team", "second"]) {
      const metadata = { name: "reloader", namespace };
      const subjects = [{ kind: "ServiceAccount", name: "kept", namespace: "default" }];
      const roleRef = { apiGroup: group, kind: "Role", name: "reloader" };
      await expectApplied(
        cluster,
        { apiVersion: `${group}/v1`, kind: "Role", metadata, rules } as KubeObject,
        { apiVersion: `${group}/v1`, kind: "RoleBinding", metadata, roleRef, subjects } as KubeObject,
      );
    }
    await world.start({ namespaces: ["team", "second"] }, { identity: { name: "kept", rules: [] } });
    for (const namespace of names) {
      await world.secret("db", { a: "1" }, { namespace });
      await expectApplied(
        cluster,
        workload("web", { namespace, annotations: auto, secrets: ["db"] }),
        ReloaderConfig.object({
          metadata: key("c", namespace),
          spec: { autoReloadAll: true, targets: [{ kind: "Deployment", name: "web" }] },
        }),
      );
      await world.settle();
      await world.secret("db", { a: "2" }, { namespace });
      await world.settle();
    }
    const rolled = async (name: string) => rolls(await cluster.client.get(Deployment, key("web", name)));
    expect(await Promise.all(names.map(rolled))).toEqual([1, 1, 0]);
    const counts = async (name: string) =>
      (await cluster.client.get(ReloaderConfig, key("c", name))).status?.reloadCount;
    expect(await Promise.all(names.map(counts))).toEqual([1, 1, undefined]);
  });
});
