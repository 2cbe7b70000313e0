import { defineResource, Namespace, Secret, systemClock } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import { validatePath } from "./admission.ts";
import { selfManagedCertificates } from "./self-managed-certificates.ts";
import { admissionReviewOf, post } from "./server.test-support.ts";
import { validating } from "./validating.ts";
import { createWebhookServer } from "./webhook-server.ts";

const App = defineResource({
  group: "example.com",
  version: "v1",
  kind: "App",
  spec: z.object({ size: z.int().default(1) }),
});
const secret = { namespace: "demo", name: "certificates" };

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

test("a manager runs a webhook server with certificates of its own, from start to stop", async () => {
  const api = await createApiServer({ clock: systemClock });
  stops.push(() => api.stop());
  const client = createClient({ transport: api.transport(), clock: systemClock, fieldManager: "operator" });
  await client.create(Namespace, { metadata: { name: "demo" } });
  const manager = createManager({ transport: api.transport(), log: silentLogger });
  stops.push(() => manager.stop());
  const server = createWebhookServer({
    address: "127.0.0.1:0",
    certificates: selfManagedCertificates({ client, secret, hosts: ["127.0.0.1"] }),
  });
  server.add(
    validating(App, {
      create: (app) => {
        if (app.spec.size > 3) throw new Error("spec.size: at most 3");
      },
    }),
  );
  manager.add(server);
  manager.addReadyCheck("webhook", server.started);
  await manager.start();
  await server.started();

  const { data } = await client.get(Secret, secret);
  const ca = Buffer.from(data!["ca.crt"]!, "base64").toString();
  const url = `https://${server.address}${validatePath(App)}`;
  const ask = (size: number) => post(url, admissionReviewOf({ object: { spec: { size } } }), { ca });
  expect((await ask(3)).body["response"]).toMatchObject({ allowed: true });
  expect((await ask(4)).body["response"]).toMatchObject({ status: { code: 403, message: "spec.size: at most 3" } });

  await manager.stop();
  expect(server.address).toBeUndefined();
  await expect(ask(3)).rejects.toThrow();
});
