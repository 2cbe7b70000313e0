import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import {
  ConfigMap,
  CustomResourceDefinition,
  createVirtualClock,
  customResourceDefinition,
  defineResource,
  intercept,
  MutatingWebhookConfiguration,
  Namespace,
  Secret,
  ValidatingWebhookConfiguration,
  type VirtualClock,
} from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";
import { splitPem } from "./certificate-plan.ts";
import { conversion } from "./conversion.ts";
import { defaulting } from "./defaulting.ts";
import { webhookManifests, withConversion } from "./manifests.ts";
import { type SelfManagedCertificatesOptions, selfManagedCertificates } from "./self-managed-certificates.ts";
import { validating } from "./validating.ts";
import { createWebhookServer } from "./webhook-server.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const key = { namespace: "demo", name: "webhook-certificates" };
const service = { namespace: "demo", name: "webhooks" };
const hosts = ["webhooks.demo.svc", "webhooks.demo.svc.cluster.local", "webhooks.demo"];
const injectInto = {
  mutatingWebhookConfigurations: ["webhooks"],
  validatingWebhookConfigurations: ["webhooks"],
  customResourceDefinitions: ["apps.example.com"],
};
const App = defineResource({ group: "example.com", version: "v1", kind: "App", spec: z.object({}) });
const OldApp = defineResource({ group: "example.com", version: "v1alpha1", kind: "App", spec: z.object({}) });

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface World {
  readonly clock: VirtualClock;
  readonly admin: Client;
  /** Requests to the API server, `PATCH /api/v1/…`. */
  readonly requests: string[];
  /** While on, replicas do not reach the API server. */
  readonly outage: { on: boolean };
  replica(options?: Partial<SelfManagedCertificatesOptions>): Promise<Replica>;
  secret(): Promise<Secret>;
  /** The certificates callers are to trust, as the Secret has them. */
  bundle(): Promise<string[]>;
}

interface Replica {
  readonly served: CertificateAndKey[];
  readonly stop: () => void;
}

async function world(clock = createVirtualClock()): Promise<World> {
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const requests: string[] = [];
  const outage = { on: false };
  const transport = intercept(server.transport(), (next) => (call) => {
    requests.push(`${call.method} ${call.path}`);
    if (outage.on) return Promise.reject(new Error("connection refused"));
    return next(call);
  });
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  const secret = () => admin.get(Secret, key);
  return {
    clock,
    admin,
    requests,
    outage,
    secret,
    bundle: async () => splitPem(text(await secret(), "ca.crt")),
    async replica(options = {}) {
      const stopping = new AbortController();
      stops.push(() => stopping.abort());
      const client = createClient({ transport, clock, fieldManager: "operator" });
      const source = selfManagedCertificates({ client, clock, secret: key, service, injectInto, ...options });
      const served: CertificateAndKey[] = [];
      served.unshift(await source.start((certificate) => served.push(certificate), stopping.signal));
      return { served, stop: () => stopping.abort() };
    },
  };
}

const text = (secret: Secret, name: string): string =>
  Buffer.from(secret.data?.[name] ?? "", "base64").toString("utf8");
const trusts = (bundle: readonly string[], { certificate }: CertificateAndKey): boolean =>
  bundle.some((authority) => new X509Certificate(certificate).verify(new X509Certificate(authority).publicKey));
const endOf = ({ certificate }: CertificateAndKey): number => Date.parse(new X509Certificate(certificate).validTo);
const newest = ({ served }: Replica): CertificateAndKey => served.at(-1)!;

/** What a manifest would have put there. */
async function configure(admin: Client): Promise<void> {
  const manifests = webhookManifests(
    { webhooks: [defaulting(App, (app) => app), validating(App, { create: () => {}, delete: () => {} })] },
    { service, selector: { app: "operator" } },
  );
  await admin.apply(MutatingWebhookConfiguration, manifests.mutatingWebhookConfiguration!);
  await admin.apply(ValidatingWebhookConfiguration, manifests.validatingWebhookConfiguration!);
  const same = conversion(App, { v1alpha1: { toHub: (app) => app, fromHub: (app) => app } });
  const crd = withConversion(customResourceDefinition([App, OldApp]), same, { service });
  await admin.apply(CustomResourceDefinition, crd);
}

async function injected(admin: Client): Promise<(string | undefined)[]> {
  const name = { name: "webhooks" };
  const mutating = await admin.get(MutatingWebhookConfiguration, name);
  const validating = await admin.get(ValidatingWebhookConfiguration, name);
  const crd = await admin.get(CustomResourceDefinition, { name: "apps.example.com" });
  return [
    ...[...(mutating.webhooks ?? []), ...(validating.webhooks ?? [])].map(({ clientConfig }) => clientConfig.caBundle),
    crd.spec.conversion?.webhook?.clientConfig?.caBundle,
  ].map((bundle) => bundle && Buffer.from(bundle, "base64").toString());
}

test("makes an authority and a certificate for the Service and keeps them in a Secret others can mount", async () => {
  const { replica, secret, bundle } = await world();
  const one = await replica();
  const kept = await secret();
  expect(kept.type).toBe("kubernetes.io/tls");
  expect([text(kept, "tls.crt"), text(kept, "tls.key")]).toEqual([newest(one).certificate, newest(one).key]);
  expect(trusts(await bundle(), newest(one))).toBe(true);
  const certificate = new X509Certificate(newest(one).certificate);
  for (const host of hosts) expect(certificate.checkHost(host)).toBe(host);
});

test("is served over TLS to callers that trust the Secret's bundle", async () => {
  // Handshakes look at the machine's time, so virtual time begins there.
  const { admin, clock, secret } = await world(createVirtualClock(Date.now()));
  const certificates = selfManagedCertificates({ client: admin, clock, secret: key, hosts: ["127.0.0.1"] });
  const server = createWebhookServer({ address: "127.0.0.1:0", certificates, clock });
  server.handle("/hello", async () => ({ status: 200, body: '"hello"' }));
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.ready();
  const ca = text(await secret(), "ca.crt");
  const status = await new Promise((resolve, reject) => {
    const call = request(`https://${server.address}/hello`, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", reject).end();
  });
  expect(status).toBe(200);
  stopping.abort();
  await running;
});

test("is the same for all replicas, also those that start at once", async () => {
  const { replica } = await world();
  const replicas = await Promise.all([replica(), replica(), replica()]);
  expect(new Set(replicas.map((each) => newest(each).certificate)).size).toBe(1);
  expect(newest(await replica())).toEqual(newest(replicas[0]!));
});

test("renews the certificate at two thirds of its life, once for all replicas, without touching the authority", async () => {
  const { replica, clock, bundle } = await world();
  const [one, two] = [await replica({ intervalMs: dayMs / 2 }), await replica({ intervalMs: dayMs / 2 })];
  const [authority] = await bundle();
  await clock.advance(59 * dayMs);
  expect(one.served).toHaveLength(1);
  await clock.advance(2 * dayMs);
  expect(one.served).toHaveLength(2);
  expect(two.served).toEqual(one.served);
  expect(endOf(newest(one))).toBeGreaterThan(clock.now() + 88 * dayMs);
  expect(await bundle()).toEqual([authority]);
});

test("replaces the authority so that what is shown is trusted at every moment, before and after the change", async () => {
  const { replica, clock, admin, secret, bundle } = await world();
  await configure(admin);
  const settings = { authorityValidMs: 30 * dayMs, validMs: 10 * dayMs, overlapMs: dayMs, intervalMs: hourMs };
  const one = await replica(settings);
  const two = await replica(settings);
  const [first] = await bundle();
  await clock.advance(18 * dayMs);
  const counts: number[] = [];
  let before = await injected(admin);
  for (let hour = 0; hour < 24 * 6; hour++) {
    const shown = [newest(one), newest(two)];
    await clock.advance(hourMs);
    const now = await injected(admin);
    // What was shown is trusted by those who have not heard of the change, and what is shown by them, too.
    for (const certificate of [...shown, newest(one), newest(two)]) {
      expect(endOf(certificate)).toBeGreaterThan(clock.now());
      for (const trusted of [...before, ...now]) expect(trusts(splitPem(trusted!), certificate)).toBe(true);
    }
    counts.push(splitPem(now[0]!).length);
    before = now;
  }
  // At two thirds of 30 days there are two for a day before the change of who signs and a day after it, then one again.
  expect(counts.indexOf(2)).toBeGreaterThanOrEqual(24 * 2 - 1);
  expect(counts.indexOf(2)).toBeLessThanOrEqual(24 * 2 + 1);
  const hoursOfTwo = counts.filter((count) => count === 2).length;
  expect(hoursOfTwo).toBeGreaterThanOrEqual(47);
  expect(hoursOfTwo).toBeLessThanOrEqual(50);
  expect(counts.at(-1)).toBe(1);
  expect(await bundle()).not.toContain(first);
  expect((await secret()).data).not.toHaveProperty("next-ca.key");
  expect(newest(one)).toEqual(newest(two));
});

test("injects the bundle and owns nothing afterwards, so that others can remove what it is in", async () => {
  const { replica, clock, admin, bundle } = await world();
  await configure(admin);
  await replica();
  await clock.advance(5_000);
  const wanted = (await bundle()).join("");
  expect(await injected(admin)).toEqual([wanted, wanted, wanted]);
  const stored = await admin.get(MutatingWebhookConfiguration, { name: "webhooks" });
  expect(stored.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["admin"]);

  // Applying the same again keeps the bundle; applying less takes the webhook away with its bundle.
  await configure(admin);
  expect(await injected(admin)).toEqual([wanted, wanted, wanted]);
  const { metadata: _, ...empty } = { ...stored, metadata: {}, webhooks: [] };
  await admin.apply(MutatingWebhookConfiguration, { ...empty, metadata: { name: "webhooks" } });
  expect((await admin.get(MutatingWebhookConfiguration, { name: "webhooks" })).webhooks ?? []).toEqual([]);
  await admin.apply(
    CustomResourceDefinition,
    customResourceDefinition([App, OldApp], { conversion: { strategy: "None" } }),
  );
  const crd = await admin.get(CustomResourceDefinition, { name: "apps.example.com" });
  expect(crd.spec.conversion).toEqual({ strategy: "None" });
});

test("injects again when somebody removes the bundle, long before the next regular look", async () => {
  const { replica, clock, admin, bundle } = await world();
  await configure(admin);
  await replica({ intervalMs: dayMs });
  await clock.advance(5_000);
  const wanted = (await bundle()).join("");
  await admin.patchJson(ValidatingWebhookConfiguration, { name: "webhooks" }, [
    { op: "remove", path: "/webhooks/0/clientConfig/caBundle" },
  ]);
  await admin.patchJson(CustomResourceDefinition, { name: "apps.example.com" }, [
    { op: "remove", path: "/spec/conversion/webhook/clientConfig/caBundle" },
  ]);
  expect(await injected(admin)).toEqual([wanted, undefined, undefined]);
  await clock.advance(5_000);
  expect(await injected(admin)).toEqual([wanted, wanted, wanted]);
});

test("injects into what is made later, and writes nothing while all is well", async () => {
  const { replica, clock, admin, bundle, requests } = await world();
  await replica();
  await clock.advance(120_000);
  await configure(admin);
  await clock.advance(120_000);
  const wanted = (await bundle()).join("");
  expect(await injected(admin)).toEqual([wanted, wanted, wanted]);
  requests.length = 0;
  await clock.advance(hourMs);
  expect(requests.filter((call) => !call.startsWith("GET "))).toEqual([]);
});

test("makes new ones when the Secret is deleted, and trusts the old authority for a while", async () => {
  const { replica, clock, admin, bundle } = await world();
  const one = await replica({ intervalMs: hourMs });
  const [authority] = await bundle();
  await admin.delete(Secret, key);
  await clock.advance(5_000);
  expect(one.served).toHaveLength(2);
  expect(await bundle()).toHaveLength(2);
  expect(await bundle()).toContain(authority);
  await clock.advance(3 * dayMs);
  expect(await bundle()).toHaveLength(1);
  expect(trusts(await bundle(), newest(one))).toBe(true);
});

test("issues anew for hosts that were added", async () => {
  const { replica, bundle } = await world();
  const one = await replica();
  one.stop();
  const two = await replica({ hosts: ["10.0.0.1", "webhooks.example.com"] });
  const certificate = new X509Certificate(newest(two).certificate);
  expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
  expect(certificate.checkHost("webhooks.example.com")).toBe("webhooks.example.com");
  expect(trusts(await bundle(), newest(one))).toBe(true);
});

test("fills a Secret that is there and empty, and leaves what else is in it", async () => {
  const { replica, admin, secret } = await world();
  const data = { "tls.crt": "", "tls.key": "", note: Buffer.from("mine").toString("base64") };
  await admin.create(Secret, { metadata: { ...key, labels: { a: "b" } }, type: "kubernetes.io/tls", data });
  const one = await replica();
  const kept = await secret();
  expect(text(kept, "tls.crt")).toBe(newest(one).certificate);
  expect(text(kept, "note")).toBe("mine");
  expect(kept.metadata?.labels).toEqual({ a: "b" });
});

test("does not overwrite another program's certificates, says so, and goes on when they are gone", async () => {
  const { admin, clock } = await world();
  const lines: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: ({ err }: Record<string, unknown>) => void lines.push(String(err)),
    child: () => log,
  };
  const foreign = { "tls.crt": Buffer.from("theirs").toString("base64"), "tls.key": "", "ca.crt": "" };
  await admin.create(Secret, { metadata: key, type: "kubernetes.io/tls", data: foreign });
  const stopping = new AbortController();
  stops.push(() => stopping.abort());
  let first: CertificateAndKey | undefined;
  const source = selfManagedCertificates({ client: admin, clock, log, secret: key, service });
  source
    .start(() => {}, stopping.signal)
    .then((certificate) => (first = certificate))
    .catch(() => {});
  await clock.advance(10_000);
  expect(first).toBeUndefined();
  expect((await admin.get(Secret, key)).data).toEqual(foreign);
  expect(lines[0]).toContain("secret demo/webhook-certificates holds certificates that cannot be used");
  await admin.delete(Secret, key);
  await clock.until(() => first !== undefined, "a certificate");
});

test("keeps the old certificate while the API server does not answer", async () => {
  const { clock, replica, outage, bundle } = await world();
  const one = await replica({ intervalMs: dayMs / 2 });
  outage.on = true;
  await clock.advance(70 * dayMs);
  expect(one.served).toHaveLength(1);
  outage.on = false;
  await clock.advance(dayMs);
  expect(one.served).toHaveLength(2);
  expect(trusts(await bundle(), newest(one))).toBe(true);
});

test("refuses options that do not fit together", () => {
  const client = {} as Client;
  expect(() => selfManagedCertificates({ client, secret: key })).toThrow("need service or hosts");
  expect(() => selfManagedCertificates({ client, secret: key, service, overlapMs: 1 })).toThrow("15 minutes");
  expect(() => selfManagedCertificates({ client, secret: key, service, authorityValidMs: dayMs })).toThrow("9 times");
});

test("leaves nothing running when it is stopped", async () => {
  const { replica, clock, admin, requests } = await world();
  await configure(admin);
  const one = await replica();
  await clock.advance(5_000);
  one.stop();
  await clock.settle();
  requests.length = 0;
  await admin.create(ConfigMap, { metadata: { namespace: "demo", name: "x" } });
  await admin.delete(Secret, key);
  await clock.advance(dayMs);
  expect(requests).toEqual([]);
});
