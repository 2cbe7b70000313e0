import { Deployment } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { auto, key, rolls, startWorld, variables, workload } from "./world.test-support.ts";

describe("reload by annotation", () => {
  test("2: a changed Secret rolls the Deployment that uses it, once, with Stakater Reloader's variable", async () => {
    const { cluster, secret, settle } = await startWorld();
    await secret("db", { password: "initial" });
    await expectApplied(cluster, workload("web", { annotations: auto, secrets: ["db"] }));
    await settle();
    expect(rolls(await cluster.client.get(Deployment, key("web")))).toBe(0);
    await secret("db", { password: "changed" });
    await settle();
    const web = await cluster.client.get(Deployment, key("web"));
    expect(rolls(web)).toBe(1);
    expect(variables(web)).toEqual({ STAKATER_DB_SECRET: expect.stringMatching(/^[0-9a-f]{40}$/) });
    await settle(600_000);
    expect(rolls(await cluster.client.get(Deployment, key("web")))).toBe(1);
  });
});
