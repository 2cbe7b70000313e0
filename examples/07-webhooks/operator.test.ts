import {
  createVirtualClock,
  MutatingWebhookConfiguration,
  Secret,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { createDevCluster, eventually, expectApplied } from "@homeostat/devcluster";
import { operatorManifests } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { Database, defaults, deployed, operator, rules, webhookServer } from "./operator.ts";

const key = { namespace: "default", name: "orders" };
const database = (storage: string, { replicas, stage = "test" }: { replicas?: number; stage?: string } = {}) =>
  Database.object({
    metadata: { ...key, labels: { stage } },
    spec: { storage, ...(replicas === undefined ? {} : { replicas }) },
  });

/** The operator, deployed by its manifests and run as their service account; the API server calls it over TLS. */
async function setUp() {
  // Certificates are checked by the machine's time, so virtual time begins now.
  const clock = createVirtualClock(Date.now());
  let port = 0;
  const cluster = await createDevCluster({ clock, resolveService: () => ({ host: "127.0.0.1", port }) });
  onTestFinished(() => cluster.stop());
  await expectApplied(cluster, ...Object.values(operatorManifests(deployed, { image: "databases:dev" })).flat());
  const at = { namespace: operator.name, name: operator.name };
  const identity = {
    username: `system:serviceaccount:${at.namespace}:${at.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${at.namespace}`, "system:authenticated"],
  };
  const manager = await cluster.run(operator, { identity });
  const server = webhookServer(manager.unfencedClient, { address: "127.0.0.1:0", clock, registry: manager.registry });
  manager.add(server);
  await server.ready();
  port = Number(server.address!.split(":")[1]);

  const { data } = await cluster.client.get(Secret, at);
  const ca = data!["ca.crt"]!;
  const trustsIt = () =>
    eventually(cluster, async () => {
      const { name } = at;
      const mutating = await cluster.client.get(MutatingWebhookConfiguration, { name });
      const validating = await cluster.client.get(ValidatingWebhookConfiguration, { name });
      const webhooks = [...(mutating.webhooks ?? []), ...(validating.webhooks ?? [])];
      expect(webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual([ca, ca]);
    });
  await trustsIt();
  return { cluster, at, trustsIt };
}

test("completes and checks what is written into the cluster", async () => {
  const { client } = (await setUp()).cluster;
  const created = await client.create(Database, database("1Gi", { stage: "production" }));
  expect(created.spec.replicas).toBe(3);
  await expect(client.create(Database, database("1Gi", { replicas: 2 }))).rejects.toThrow("must be odd");
  await expect(client.patchMerge(Database, key, { spec: { storage: "512Mi" } })).rejects.toThrow("may not shrink");
  const grown = await client.patchMerge(Database, key, { spec: { storage: "2Gi" } });
  expect(grown.spec).toEqual({ storage: "2Gi", replicas: 3 });
});

test("hands its authority to the API server again when somebody takes it out", async () => {
  const { cluster, at, trustsIt } = await setUp();
  await cluster.client.patchJson(MutatingWebhookConfiguration, { name: at.name }, [
    { op: "remove", path: "/webhooks/0/clientConfig/caBundle" },
  ]);
  await trustsIt();
});

test("has rules that can be used without a webhook", async () => {
  expect((await defaults.default(database("1Gi"))).spec.replicas).toBe(1);
  await expect(rules.validate(database("1Gi", { replicas: 4 }))).rejects.toThrow("spec.replicas");
  await expect(rules.validate(database("1Gi"), database("2Gi"))).rejects.toThrow("may not shrink");
  expect(await rules.validate(database("1Gi", { replicas: 3 }), database("1Gi", { replicas: 1 }))).toEqual([
    expect.stringContaining("moves data"),
  ]);
});
