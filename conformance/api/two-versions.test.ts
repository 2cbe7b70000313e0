import { expect, it } from "vitest";
import { behaviours } from "./suite.ts";

behaviours("built-in kinds at two versions", (world) => {
  const autoscaler = {
    metadata: { name: "a" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
      maxReplicas: 5,
      targetCPUUtilizationPercentage: 70,
    },
  };

  it("shows an autoscaler of the old version in the new one", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.path("autoscaling/v1")}/horizontalpodautoscalers`, autoscaler);
    const { body } = await world.api.get(`${ns.path("autoscaling/v2")}/horizontalpodautoscalers/a`);
    expect(body).toMatchObject({ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" });
    expect(body.spec.metrics).toEqual([
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
    ]);
  });

  it.runIf(world.alone)("changes an autoscaler through either version, and tells watchers of both", async () => {
    const ns = await world.namespace();
    const [old, current] = ["v1", "v2"].map((v) => `${ns.path(`autoscaling/${v}`)}/horizontalpodautoscalers`);
    await world.api.make(old!, autoscaler);
    const watches = [old!, current!].map((path) => world.api.watch(path));
    for (const watch of watches) await watch.until(1);
    const changed = await world.api.patch(`${old}/a`, { spec: { targetCPUUtilizationPercentage: 50 } });
    expect([changed.status, changed.body.spec.targetCPUUtilizationPercentage]).toEqual([200, 50]);
    await world.api.patch(`${current}/a`, { spec: { maxReplicas: 9 } });
    const [seenOld, seenCurrent] = await Promise.all(watches.map((watch) => watch.until(3)));
    for (const watch of watches) watch.stop();
    expect(seenOld!.at(-1)!.object.spec).toMatchObject({ maxReplicas: 9, targetCPUUtilizationPercentage: 50 });
    expect(seenCurrent!.at(-1)!.object.spec.metrics[0].resource.target.averageUtilization).toBe(50);
    const again = await world.api.patch(`${old}/a`, { spec: { targetCPUUtilizationPercentage: 50 } });
    const { body } = await world.api.get(`${current}/a`);
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it("tells watchers of both groups of an Event", async () => {
    const ns = await world.namespace();
    const fields = [
      [`${ns.core}/events?fieldSelector=involvedObject.name%3Dp`, "involvedObject"],
      [`${ns.path("events.k8s.io/v1")}/events?fieldSelector=regarding.name%3Dp`, "regarding"],
    ] as const;
    const from = (await world.api.get(`${ns.core}/events`)).body.metadata.resourceVersion;
    const watches = fields.map(([path]) => world.api.watch(`${path}&resourceVersion=${from}`));
    for (const watch of watches) await watch.opened;
    for (const name of ["p", "q"]) {
      await world.api.make(`${ns.core}/events`, {
        metadata: { name },
        involvedObject: { kind: "Pod", name, namespace: ns.name },
        reason: "R",
        type: "Normal",
      });
    }
    for (const [index, watch] of watches.entries()) {
      const [line] = await watch.until(1);
      expect(line!.object[fields[index]![1]].name).toBe("p");
      watch.stop();
    }
  });
});
