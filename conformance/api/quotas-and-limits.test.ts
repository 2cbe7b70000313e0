import type { JsonObject } from "@homeostat/api";
import { expect, it } from "vitest";
import { configMap } from "./objects.ts";
import { behaviours } from "./suite.ts";

const pod = (name: string, resources: object = {}, spec: object = {}): JsonObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "app", image: "app:1", resources }], ...spec },
  }) as JsonObject;

const quota = (hard: Record<string, string>, more: object = {}): JsonObject =>
  ({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "quota" }, spec: { hard, ...more } }) as JsonObject;

const limits = (...items: object[]): JsonObject =>
  ({ apiVersion: "v1", kind: "LimitRange", metadata: { name: "range" }, spec: { limits: items } }) as JsonObject;

behaviours("quotas and limits", (world) => {
  it("B235 says what was asked for, what is used and what is allowed", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/resourcequotas`, quota({ "requests.cpu": "1", pods: "5" }));
    await world.api.make(`${core}/pods`, pod("a", { requests: { cpu: "600m" } }));
    const { status, body } = await world.api.post(`${core}/pods`, pod("b", { requests: { cpu: "500m" } }));
    expect([status, body.reason, body.message]).toEqual([
      403,
      "Forbidden",
      'pods "b" is forbidden: exceeded quota: quota, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    ]);
    expect((await world.api.post(`${core}/pods`, pod("b"))).body.message).toBe(
      'pods "b" is forbidden: failed quota: quota: must specify requests.cpu for: app',
    );
  });

  it.runIf(world.alone)("B235 holds when all ask at the same time", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/resourcequotas`, quota({ "count/configmaps": "3" }));
    const names = ["a", "b", "c", "d", "e", "f"];
    const answers = await Promise.all(names.map((name) => world.api.post(`${core}/configmaps`, configMap(name))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 403, 403, 403]);
    expect((await world.api.get(`${core}/configmaps`)).body.items).toHaveLength(3);
  });

  it.runIf(world.alone)("B235 gives back what goes, and spends nothing on tries and refusals", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/resourcequotas`, quota({ configmaps: "1" }));
    for (let round = 0; round < 3; round++) {
      expect((await world.api.post(`${core}/configmaps?dryRun=All`, configMap("a"))).status).toBe(201);
      expect((await world.api.post(`${core}/configmaps`, configMap("a"))).status).toBe(201);
      expect((await world.api.post(`${core}/configmaps`, configMap("b"))).status).toBe(403);
      expect((await world.api.delete(`${core}/configmaps/a`)).status).toBe(200);
    }
  });

  it("B235 counts the difference an update makes", async () => {
    const { core } = await world.namespace();
    const port = { port: 80, name: "a" };
    const service = { metadata: { name: "web" }, spec: { type: "NodePort", ports: [port] } };
    await world.api.make(`${core}/resourcequotas`, quota({ "services.nodeports": "1" }));
    await world.api.make(`${core}/services`, service as never);
    expect((await world.api.patch(`${core}/services/web`, { metadata: { labels: { a: "b" } } })).status).toBe(200);
    const two = { spec: { ports: [port, { port: 81, name: "b" }] } };
    expect((await world.api.patch(`${core}/services/web`, two)).body.message).toBe(
      'services "web" is forbidden: exceeded quota: quota, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    );
  });

  it("B235 looks only at the pods of its scopes", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/resourcequotas`, quota({ pods: "0" }, { scopes: ["BestEffort"] }));
    expect((await world.api.post(`${core}/pods`, pod("a"))).status).toBe(403);
    expect((await world.api.post(`${core}/pods`, pod("a", { requests: { cpu: "1" } }))).status).toBe(201);
  });

  it("B235 counts init containers and sidecars as they run", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/resourcequotas`, quota({ "requests.cpu": "1" }));
    const requests = (cpu: string): object => ({ image: "app:1", resources: { requests: { cpu } } });
    const initContainers = [
      { name: "side", restartPolicy: "Always", ...requests("200m") },
      { name: "init", ...requests("900m") },
    ];
    const answer = await world.api.post(`${core}/pods`, pod("a", { requests: { cpu: "100m" } }, { initContainers }));
    expect(answer.body.message).toContain("requested: requests.cpu=1100m, used: requests.cpu=0");
  });

  it("B236 gives containers what their namespace says, and refuses with all that is out of range", async () => {
    const { core } = await world.namespace();
    const item = { type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } };
    await world.api.make(`${core}/limitranges`, limits(item));
    const made = await world.api.make(`${core}/pods`, pod("a"));
    expect(made.spec.containers[0].resources).toEqual({ limits: { cpu: "500m" }, requests: { cpu: "100m" } });
    const refused = await world.api.post(`${core}/pods`, pod("b", { requests: { cpu: "2" }, limits: { cpu: "3" } }));
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'pods "b" is forbidden: [maximum cpu usage per Container is 1, but limit is 3, maximum cpu usage per Container is 1, but request is 2]',
    ]);
  });

  it("B236 keeps claims within their range", async () => {
    const { core } = await world.namespace();
    const item = { type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "5Gi" } };
    await world.api.make(`${core}/limitranges`, limits(item));
    const claim = (storage: string) => ({
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
    });
    expect((await world.api.post(`${core}/persistentvolumeclaims`, claim("10Gi"))).body.message).toBe(
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 10Gi',
    );
    expect((await world.api.post(`${core}/persistentvolumeclaims`, claim("500Mi"))).body.message).toContain(
      "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi",
    );
    expect((await world.api.post(`${core}/persistentvolumeclaims`, claim("2Gi"))).status).toBe(201);
  });
});
