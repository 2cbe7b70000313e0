import {
  ClusterRole,
  ClusterRoleBinding,
  CustomResourceDefinition,
  createVirtualClock,
  customResourceDefinition,
  defineResource,
  MutatingWebhookConfiguration,
  Namespace,
  Role,
  RoleBinding,
  Secret,
  Service,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { admissionHandler, allowed } from "./admission.ts";
import { chain } from "./chain.ts";
import { conversion } from "./conversion.ts";
import { defaulting } from "./defaulting.ts";
import { certificatePolicyRules, webhookManifests, withConversion } from "./manifests.ts";
import { selfManagedCertificates } from "./self-managed-certificates.ts";
import { validating } from "./validating.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const App = defineResource({ group: "example.com", version: "v1", kind: "App", spec: z.object({}) });
const OldApp = defineResource({ group: "example.com", version: "v1alpha1", kind: "App", spec: z.object({}) });
const service = { namespace: "demo", name: "webhooks" };
const options = { service, selector: { app: "operator" } };
const webhooks = [
  defaulting(App, (app) => app),
  validating(App, { create: () => {}, delete: () => {} }, { failurePolicy: "Ignore", timeoutSeconds: 3 }),
  admissionHandler({ type: "validating", path: "/undeclared" }, () => allowed()),
];
const both = conversion(App, { v1alpha1: { toHub: (app) => app, fromHub: (app) => app } });
const crd = () => withConversion(customResourceDefinition([App, OldApp]), both, { service });

describe("webhook manifests", () => {
  test("declare each webhook with rules at its path, with safe settings unless told otherwise", () => {
    const { mutatingWebhookConfiguration, validatingWebhookConfiguration, ...rest } = webhookManifests(
      { webhooks },
      { ...options, caBundle: "PEM" },
    );
    const rule = { apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["apps"], scope: "Namespaced" };
    const caBundle = Buffer.from("PEM").toString("base64");
    expect(mutatingWebhookConfiguration?.webhooks).toEqual([
      {
        name: "default.v1.apps.example.com",
        clientConfig: { service: { ...service, path: "/mutate-example-com-v1-app" }, caBundle },
        rules: [{ ...rule, operations: ["CREATE", "UPDATE"] }],
        failurePolicy: "Fail",
        matchPolicy: "Equivalent",
        sideEffects: "None",
        timeoutSeconds: 10,
        admissionReviewVersions: ["v1"],
      },
    ]);
    expect(validatingWebhookConfiguration?.webhooks).toMatchObject([
      {
        name: "validate.v1.apps.example.com",
        clientConfig: { service: { path: "/validate-example-com-v1-app" } },
        rules: [{ ...rule, operations: ["CREATE", "DELETE"] }],
        failurePolicy: "Ignore",
        timeoutSeconds: 3,
      },
    ]);
    expect(rest.service.spec).toMatchObject({
      selector: { app: "operator" },
      ports: [{ port: 443, targetPort: 9443 }],
    });
  });

  test("leave a configuration out that would be empty, and refuse a name that occurs twice", () => {
    expect(Object.keys(webhookManifests({ webhooks: [] }, options))).toEqual(["service"]);
    const twice = [defaulting(App, (app) => app), defaulting(App, (app) => app, { path: "/other" })];
    expect(() => webhookManifests({ webhooks: twice }, options)).toThrow("named default.v1.apps.example.com");
  });

  test("declare a chain once, with the rules of all its members", () => {
    const joined = chain(
      defaulting(App, (app) => app),
      defaulting(App, (app) => app),
      defaulting(OldApp, (app) => app),
    );
    const { mutatingWebhookConfiguration } = webhookManifests({ webhooks: [joined] }, options);
    expect(mutatingWebhookConfiguration?.webhooks?.map(({ rules }) => rules?.map((one) => one.apiVersions))).toEqual([
      [["v1"], ["v1alpha1"]],
    ]);
  });

  test("refuse a conversion that does not cover the CRD", () => {
    const V2 = defineResource({ group: "example.com", version: "v2", kind: "App", spec: z.object({}) });
    expect(() => withConversion(customResourceDefinition([App, OldApp, V2]), both, { service })).toThrow(
      "no converter for v2",
    );
    const Other = defineResource({ group: "example.com", version: "v1", kind: "Other", spec: z.object({}) });
    expect(() => withConversion(Other.crd(), both, { service })).toThrow("the conversion is of App of example.com");
  });

  test("are accepted by an API server as they are", async () => {
    const { admin } = await world();
    await configure(admin);
    expect((await admin.get(Service, service)).spec?.ports?.[0]?.targetPort).toBe(9443);
  });
});

test("the policy rules of self-managed certificates are enough, and nothing is too much", async () => {
  const { admin, server, clock } = await world();
  await configure(admin);
  const secret = { namespace: "demo", name: "certificates" };
  const injectInto = {
    mutatingWebhookConfigurations: ["webhooks"],
    validatingWebhookConfigurations: ["webhooks"],
    customResourceDefinitions: ["apps.example.com"],
  };
  const { role, clusterRole } = certificatePolicyRules({ secret, injectInto });
  const user = { username: "operator", groups: ["system:authenticated"] };
  const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user.username }];
  const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: "certificates" });
  await admin.create(Role, { metadata: secret, rules: role });
  await admin.create(RoleBinding, { metadata: secret, subjects, roleRef: roleRef("Role") });
  const metadata = { name: "certificates" };
  await admin.create(ClusterRole, { metadata, rules: clusterRole });
  await admin.create(ClusterRoleBinding, { metadata, subjects, roleRef: roleRef("ClusterRole") });

  const denied: string[] = [];
  const transport = server.transport(user);
  const client = createClient({
    clock,
    transport: async (request) => {
      const response = await transport(request);
      if (response.status === 403) denied.push(`${request.method} ${request.path}`);
      return response;
    },
  });
  const stopping = new AbortController();
  stops.push(() => stopping.abort());
  const settings = { client, clock, secret, service, injectInto, validMs: 24 * 3_600_000 };
  const served: unknown[] = [];
  await selfManagedCertificates(settings).start((certificate) => served.push(certificate), stopping.signal);
  await clock.advance(20 * 3_600_000);
  expect(served).toHaveLength(1);
  const bundle = (await admin.get(Secret, secret)).data?.["ca.crt"];
  const { webhooks: injected } = await admin.get(MutatingWebhookConfiguration, { name: "webhooks" });
  expect(injected?.[0]?.clientConfig.caBundle).toBe(bundle);
  const { spec } = await admin.get(CustomResourceDefinition, { name: "apps.example.com" });
  expect(spec.conversion?.webhook?.clientConfig?.caBundle).toBe(bundle);
  expect(denied).toEqual([]);
  await expect(client.list(Secret, { namespace: "demo" })).rejects.toMatchObject({ code: 403 });
});

async function world() {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  return { admin, server, clock };
}

async function configure(admin: Client): Promise<void> {
  const manifests = webhookManifests({ webhooks }, options);
  await admin.create(Service, manifests.service);
  await admin.create(MutatingWebhookConfiguration, manifests.mutatingWebhookConfiguration!);
  await admin.create(ValidatingWebhookConfiguration, manifests.validatingWebhookConfiguration!);
  await admin.create(CustomResourceDefinition, crd());
}
