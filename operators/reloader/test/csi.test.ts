import { Deployment } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { SecretProviderClassPodStatus } from "../src/engine/mount-book.ts";
import { csiWorld, mounted, provided } from "./csi.test-support.ts";
import { auto, key, rolls, startWorld, workload } from "./world.test-support.ts";

describe("SecretProviderClasses", () => {
  test("a report that changes nothing of the mount rolls nothing, and neither do pods that go or a restart", async () => {
    const { world, web } = await csiWorld(auto);
    await mounted(world, "web-1", "2");
    await world.settle();
    await mounted(world, "web-2", "1", { seen: "yes" });
    await world.cluster.client.delete(SecretProviderClassPodStatus, key("web-1-default-vault"));
    await world.settle();
    expect(rolls(await web())).toBe(1);
    await mounted(world, "web-2", "2");
    await world.settle();
    await world.manager.stop();
    world.manager = await world.start({ csi: true });
    await world.settle();
    expect(rolls(await web())).toBe(1);
  });

  test.each([[auto], [{ "secretproviderclass.reloader.stakater.com/reload": "va.*" }]])(
    "a rotation while the operator is away is found when it starts, %j",
    async (annotations) => {
      const { world, web } = await csiWorld(annotations);
      await world.manager.stop();
      await mounted(world, "web-1", "2");
      world.manager = await world.start({ csi: true });
      await world.settle();
      expect(rolls(await web())).toBe(1);
    },
  );

  test("29: a class that carries ignore rolls nothing", async () => {
    const { world, web } = await csiWorld(auto);
    await provided(world, { "reloader.stakater.com/ignore": "true" });
    await mounted(world, "web-1", "2");
    await world.settle();
    expect(rolls(await web())).toBe(0);
  });

  test("excluded classes and an operator without the flag roll nothing", async () => {
    const excluded = await csiWorld({ ...auto, "secretproviderclasses.exclude.reloader.stakater.com/reload": "vault" });
    await mounted(excluded.world, "web-1", "2");
    await excluded.world.settle();
    expect(rolls(await excluded.web())).toBe(0);
    const off = await csiWorld(auto, { csi: false });
    await mounted(off.world, "web-1", "2");
    await off.world.settle();
    expect(rolls(await off.web())).toBe(0);
  });

  test("without the driver in the cluster everything else goes on", async () => {
    const world = await startWorld();
    await world.manager.stop();
    void world.start({ csi: true });
    await world.settle();
    await world.secret("db", { a: "1" });
    await expectApplied(world.cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    expect(rolls(await world.cluster.client.get(Deployment, key("web")))).toBe(1);
  });
});
