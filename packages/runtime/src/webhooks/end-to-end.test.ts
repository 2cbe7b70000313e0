import {
  CustomResourceDefinition,
  customResourceDefinition,
  defineResource,
  EndpointSlice,
  fieldError,
  isInvalid,
  MutatingWebhookConfiguration,
  Namespace,
  Service,
  systemClock,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import { conversion } from "./conversion.ts";
import { defaulting } from "./defaulting.ts";
import { webhookManifests, withConversion } from "./manifests.ts";
import { selfManagedCertificates } from "./self-managed-certificates.ts";
import { validating } from "./validating.ts";
import { createWebhookServer } from "./webhook-server.ts";

const names = { group: "example.com", kind: "App" } as const;
const App = defineResource({
  ...names,
  version: "v1",
  spec: z.object({ image: z.string(), replicas: z.int().optional() }),
});
const OldApp = defineResource({
  ...names,
  version: "v1alpha1",
  spec: z.object({ picture: z.string(), replicas: z.int().optional() }),
});

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

test("an API server asks the webhooks of an operator, trusting the certificates that the operator made", async () => {
  const api = await createApiServer({ clock: systemClock });
  stops.push(() => api.stop());
  const client = createClient({ transport: api.transport(), clock: systemClock, fieldManager: "admin" });
  await client.create(Namespace, { metadata: { name: "demo" } });

  const service = { namespace: "demo", name: "webhooks" };
  const versions = conversion(App, {
    v1alpha1: {
      toHub: ({ metadata = {}, spec: { picture, ...rest } }: ReturnType<typeof OldApp.object>) =>
        App.object({ metadata, spec: { ...rest, image: picture } }),
      fromHub: ({ metadata = {}, spec: { image, ...rest } }) =>
        OldApp.object({ metadata, spec: { ...rest, picture: image } }),
    },
  });
  const manager = createManager({ transport: api.transport(), log: silentLogger });
  stops.push(() => manager.stop());
  const server = createWebhookServer({
    address: "127.0.0.1:0",
    certificates: selfManagedCertificates({
      client,
      secret: { namespace: "demo", name: "certificates" },
      service,
      injectInto: {
        mutatingWebhookConfigurations: ["webhooks"],
        validatingWebhookConfigurations: ["webhooks"],
        customResourceDefinitions: ["apps.example.com"],
      },
    }),
  });
  server.add(
    defaulting(App, (app) => ({ ...app, spec: { ...app.spec, replicas: app.spec.replicas ?? 2 } })),
    validating(App, {
      create: ({ spec: { replicas = 0 } }) =>
        replicas > 9 ? [fieldError.invalid("spec.replicas", replicas, "must be at most 9")] : [],
      delete: ({ metadata }) => {
        if (metadata?.name === "kept") throw new Error("this one stays");
      },
    }),
    versions,
  );

  // What a deployment would apply, before the operator runs: no bundle is in it yet.
  const manifests = webhookManifests(server, { service, selector: { app: "operator" } });
  await client.apply(Service, manifests.service);
  await client.apply(MutatingWebhookConfiguration, manifests.mutatingWebhookConfiguration!);
  await client.apply(ValidatingWebhookConfiguration, manifests.validatingWebhookConfiguration!);
  const crd = withConversion(customResourceDefinition([App, OldApp]), versions, { service });
  await client.apply(CustomResourceDefinition, crd);

  manager.add(server);
  await manager.start();
  await server.started();
  await client.create(EndpointSlice, {
    metadata: { name: "webhooks-1", namespace: "demo", labels: { "kubernetes.io/service-name": "webhooks" } },
    addressType: "IPv4",
    ports: (manifests.service.spec?.ports ?? []).map(({ name = "" }) => ({
      name,
      port: Number(server.address!.split(":")[1]),
    })),
    endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
  });

  // Written at the old version: converted, completed by the webhook of the new one, and converted back.
  const made = await client.create(OldApp, {
    metadata: { name: "kept", namespace: "demo" },
    spec: { picture: "example.com/app:1" },
  });
  expect(made.spec).toEqual({ picture: "example.com/app:1", replicas: 2 });
  const key = { name: "kept", namespace: "demo" };
  expect((await client.get(App, key)).spec).toEqual({ image: "example.com/app:1", replicas: 2 });
  expect((await client.list(OldApp, { namespace: "demo" })).items.map(({ spec }) => spec.picture)).toEqual([
    "example.com/app:1",
  ]);

  const tooMany = client.create(App, {
    metadata: { name: "b", namespace: "demo" },
    spec: { image: "i", replicas: 10 },
  });
  const refusal = await tooMany.catch((error: unknown) => error);
  expect(isInvalid(refusal)).toBe(true);
  expect((refusal as Error).message).toContain("denied the request");
  expect((refusal as Error).message).toContain("spec.replicas");
  await expect(client.delete(OldApp, key)).rejects.toThrow("this one stays");
  expect((await client.get(App, key)).metadata.name).toBe("kept");
});
