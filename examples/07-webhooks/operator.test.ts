import {
  createVirtualClock,
  type JsonObject,
  MutatingWebhookConfiguration,
  Secret,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { createDevCluster, eventually, expectApplied } from "@homeostat/devcluster";
import { mutatePath, validatePath } from "@homeostat/runtime/webhooks";
import { expect, onTestFinished, test } from "vitest";
import { admissionReview, ask } from "../ask-webhook.test-support.ts";
import { Database, defaults, manifests, operator, rules, webhookServer } from "./operator.ts";

const database = (storage: string, more: { replicas?: number; stage?: string } = {}) =>
  Database.object({
    metadata: { namespace: "default", name: "orders", ...(more.stage ? { labels: { stage: more.stage } } : {}) },
    spec: { storage, ...(more.replicas === undefined ? {} : { replicas: more.replicas }) },
  });

/** The operator, deployed by its manifests and run as their service account. */
async function setUp() {
  // Certificates are checked by the machine's time, so virtual time begins now.
  const clock = createVirtualClock(Date.now());
  const cluster = await createDevCluster({ clock });
  onTestFinished(() => cluster.stop());
  await expectApplied(cluster, ...manifests());
  const at = { namespace: operator.name, name: operator.name };
  const identity = {
    username: `system:serviceaccount:${at.namespace}:${at.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${at.namespace}`, "system:authenticated"],
  };
  const manager = await cluster.run(operator, { identity });
  const server = webhookServer(manager.unfencedClient, { address: "127.0.0.1:0", registry: manager.registry });
  manager.add(server);
  await server.ready();
  const { data } = await cluster.client.get(Secret, at);
  const ca = Buffer.from(data!["ca.crt"]!, "base64").toString();
  const call = (path: string, request: object) =>
    ask(`https://${server.address}${path}`, ca, ...admissionReview, request as JsonObject);
  return { cluster, at, ca, call };
}

test("answers the API server over TLS: completes, refuses, warns", async () => {
  const { call } = await setUp();
  const completed = await call(mutatePath(Database), {
    operation: "CREATE",
    object: database("1Gi", { stage: "production" }),
  });
  const patch = JSON.parse(Buffer.from(completed["patch"] as string, "base64").toString());
  expect(patch).toEqual([{ op: "add", path: "/spec/replicas", value: 3 }]);

  const refused = await call(validatePath(Database), {
    operation: "CREATE",
    object: database("1Gi", { replicas: 2 }),
  });
  expect(refused).toMatchObject({
    allowed: false,
    status: { code: 422, details: { causes: [{ field: "spec.replicas" }] } },
  });

  const update = { operation: "UPDATE", oldObject: database("1Gi", { replicas: 1 }) };
  const shrunk = await call(validatePath(Database), { ...update, object: database("512Mi", { replicas: 1 }) });
  expect(shrunk).toMatchObject({ allowed: false, status: { details: { causes: [{ field: "spec.storage" }] } } });
  const grown = await call(validatePath(Database), { ...update, object: database("2Gi", { replicas: 3 }) });
  expect(grown).toMatchObject({ allowed: true, warnings: [expect.stringContaining("moves data")] });
});

test("hands its authority to the API server, and again when somebody takes it out", async () => {
  const { cluster, at, ca } = await setUp();
  const bundles = async () => {
    const { name } = at;
    const configurations = [
      await cluster.client.get(MutatingWebhookConfiguration, { name }),
      await cluster.client.get(ValidatingWebhookConfiguration, { name }),
    ];
    return configurations.flatMap(({ webhooks }) =>
      (webhooks ?? []).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString()),
    );
  };
  await eventually(cluster, async () => expect(await bundles()).toEqual([ca, ca]));
  await expectApplied(cluster, ...manifests());
  await cluster.client.patchJson(MutatingWebhookConfiguration, { name: at.name }, [
    { op: "remove", path: "/webhooks/0/clientConfig/caBundle" },
  ]);
  await eventually(cluster, async () => expect(await bundles()).toEqual([ca, ca]));
});

test("has rules that can be used without a webhook", async () => {
  expect((await defaults.default(database("1Gi"))).spec.replicas).toBe(1);
  await expect(rules.validate(database("1Gi", { replicas: 4 }))).rejects.toThrow("spec.replicas");
  await expect(rules.validate(database("1Gi"), database("2Gi"))).rejects.toThrow("may not shrink");
});
