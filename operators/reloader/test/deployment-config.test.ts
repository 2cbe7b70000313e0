import { Event, type KubeObject, type PodTemplateSpec } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { DeploymentConfig } from "../src/kinds.ts";
import { serve } from "./custom-kinds.test-support.ts";
import { auto, key, startWorld, workload } from "./world.test-support.ts";

const deploymentConfig = (name: string, template: PodTemplateSpec, triggers?: readonly object[]): KubeObject =>
  ({
    apiVersion: "apps.openshift.io/v1",
    kind: "DeploymentConfig",
    metadata: { ...key(name), annotations: auto },
    spec: { replicas: 1, selector: { app: name }, template, ...(triggers ? { triggers } : {}) },
  }) as KubeObject;

async function withDeploymentConfigs() {
  const world = await startWorld();
  await world.manager.stop();
  // OpenShift serves it by an API server of its own.
  await serve(world.cluster, DeploymentConfig);
  world.manager = await world.start({ deploymentConfigs: true });
  await world.secret("db", { a: "1" });
  const { template } = workload("web", { secrets: ["db"] }).spec!;
  const get = async (name: string) => (await world.cluster.client.get(DeploymentConfig, key(name))).spec;
  return { world, template, get };
}

describe("DeploymentConfigs of OpenShift", () => {
  test("have their template changed as Deployments have", async () => {
    const { world, template, get } = await withDeploymentConfigs();
    await expectApplied(world.cluster, deploymentConfig("web", template));
    await world.settle();
    await world.secret("db", { a: "2" });
    await world.settle();
    const spec = await get("web");
    const env = spec?.template?.spec?.containers[0]?.env;
    expect(env).toEqual([{ name: "STAKATER_DB_SECRET", value: expect.stringMatching(/^[0-9a-f]{40}$/) }]);
    // Nothing else of it is touched: the patch is one of the template and of annotations.
    expect(spec).toMatchObject({ replicas: 1, selector: { app: "web" } });
  });

  test.each([
    [[], ["NoConfigChangeTrigger"]],
    [[{ type: "ImageChange" }], ["NoConfigChangeTrigger"]],
    [[{ type: "ImageChange" }, { type: "ConfigChange" }], []],
    [undefined, []],
  ])("with triggers %j tell %j", async (triggers, reasons) => {
    const { world, template } = await withDeploymentConfigs();
    await expectApplied(world.cluster, deploymentConfig("web", template, triggers));
    await world.settle();
    const { items } = await world.cluster.client.list(Event, { fieldSelector: "involvedObject.name=web" });
    expect(items.map(({ reason }) => reason)).toEqual(reasons);
  });
});
