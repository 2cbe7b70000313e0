import type { JsonObject } from "@homeostat/api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { configMap, definition, deployment, widget } from "./objects.ts";
import { behaviours, type World } from "./suite.ts";
import {
  configMapWrites,
  openWebhookHost,
  patchAnswer,
  RawAnswer,
  registration,
  type WebhookHost,
  webhook,
} from "./webhook-host.ts";

const mutating = `${registration}/mutatingwebhookconfigurations`;
const validating = `${registration}/validatingwebhookconfigurations`;

behaviours("admission webhooks", (world: World) => {
  let host: WebhookHost;
  beforeAll(async () => {
    host = await openWebhookHost(["127.0.0.1", "hooks.default.svc"]);
  });
  afterAll(() => host.close());

  let made = 0;
  /** Registers webhooks, and takes them away after the test. */
  const register = async (kind: "mutating" | "validating", webhooks: JsonObject[], name = `hooks-${++made}`) => {
    const path = kind === "mutating" ? mutating : validating;
    await world.api.make(path, { metadata: { name }, webhooks });
    return { name, remove: () => world.api.delete(`${path}/${name}`) };
  };
  const path = (): string => `/hook-${++made}`;

  it.runIf(world.alone)("B212 asks webhooks whose rules match the operation and the resource", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const rules = [
      { operations: ["CREATE", "DELETE"], apiGroups: [""], apiVersions: ["*"], resources: ["configmaps"] },
      {
        operations: ["UPDATE"],
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        resources: ["*/scale", "deployments/status"],
      },
    ];
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { rules })]);
    const deployments = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(`${ns.core}/configmaps`, configMap("c"));
    await world.api.patch(`${ns.core}/configmaps/c`, { data: { a: "b" } });
    await world.api.delete(`${ns.core}/configmaps/c`);
    await world.api.apply(`${ns.core}/configmaps/d`, configMap("d"), "me");
    await world.api.make(deployments, deployment("d"));
    await world.api.patch(`${deployments}/d`, { spec: { paused: true } });
    await world.api.patch(`${deployments}/d/scale`, { spec: { replicas: 4 } });
    await world.api.patch(`${deployments}/d/status`, { status: { observedGeneration: 1 } });
    await world.api.make(`${ns.core}/secrets`, { metadata: { name: "s" } });
    await hooks.remove();
    expect(
      host.seen(at).map(({ operation, resource, subResource }) => [operation, resource.resource, subResource]),
    ).toEqual([
      ["CREATE", "configmaps", undefined],
      ["DELETE", "configmaps", undefined],
      ["CREATE", "configmaps", undefined],
      ["UPDATE", "deployments", "scale"],
      ["UPDATE", "deployments", "status"],
    ]);
  });

  it("B212 shows a Scale to webhooks of the scale subresource, and takes their changes of it", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => patchAnswer({ op: "replace", path: "/spec/replicas", value: 7 }));
    const rules = [{ operations: ["UPDATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["*/scale"] }];
    const hooks = await register("mutating", [webhook("a.example.com", ns.name, config, { rules })]);
    const deployments = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(deployments, deployment("d"));
    const { status, body } = await world.api.patch(`${deployments}/d/scale`, { spec: { replicas: 4 } });
    await hooks.remove();
    expect([status, body.spec.replicas]).toEqual([200, 7]);
    const [request] = host.seen(at);
    expect(request.kind).toEqual({ group: "autoscaling", version: "v1", kind: "Scale" });
    expect([request.object.kind, request.object.spec.replicas, request.oldObject.spec.replicas]).toEqual([
      "Scale",
      4,
      2,
    ]);
    expect((await world.api.get(`${deployments}/d`)).body.spec.replicas).toBe(7);
  });

  it("B212 tells cluster-scoped from namespaced resources", async () => {
    const at = path();
    const config = host.on(at, ({ name }) => ({ allowed: name !== "refused" }));
    const rules = [{ ...configMapWrites, resources: ["namespaces", "configmaps"], scope: "Cluster" }];
    const named = { objectSelector: { matchLabels: { test: at.slice(1) } } };
    const { namespaceSelector: _, ...hook } = webhook("a.example.com", "", config, { rules, ...named });
    const hooks = await register("validating", [hook]);
    const labels = { test: at.slice(1) };
    await world.api.make("/api/v1/namespaces/default/configmaps", configMap(at.slice(1), {}, { labels }));
    const refused = await world.api.post("/api/v1/namespaces", { metadata: { name: "refused", labels } });
    await hooks.remove();
    expect(refused.status).toBe(400);
    expect(host.seen(at).map(({ name }) => name)).toEqual(["refused"]);
  });

  it("B213 converts a request to the version that an equivalent rule names, and the patch back", async () => {
    const ns = await world.namespace();
    const group = "equivalent.example.com";
    await world.define(definition(group, { versions: [{ name: "v1" }, { name: "v2" }] }));
    const [at, exact] = [path(), path()];
    const config = host.on(at, () => patchAnswer({ op: "add", path: "/spec/size", value: 3 }));
    const exactConfig = host.on(exact, () => ({ allowed: true }));
    const rules = [{ operations: ["*"], apiGroups: [group], apiVersions: ["v1"], resources: ["widgets"] }];
    const hooks = await register("mutating", [
      webhook("a.example.com", ns.name, config, { rules }),
      webhook("b.example.com", ns.name, exactConfig, { rules, matchPolicy: "Exact" }),
    ]);
    const widgets = `${ns.path(`${group}/v2`)}/widgets`;
    const object = await world.api.make(widgets, { ...widget(group, "w"), apiVersion: `${group}/v2` });
    await hooks.remove();
    expect([object.apiVersion, object.spec.size]).toEqual([`${group}/v2`, 3]);
    const [request] = host.seen(at);
    expect([request.object.apiVersion, request.kind.version, request.resource.version]).toEqual([
      `${group}/v1`,
      "v1",
      "v1",
    ]);
    expect([request.requestKind.version, request.requestResource.version]).toEqual(["v2", "v2"]);
    expect(host.seen(exact)).toEqual([]);
  });

  it("B214 selects by labels of the namespace and by labels of the old or the new object", async () => {
    const [ns, other] = [await world.namespace(), await world.namespace()];
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const objectSelector = { matchLabels: { watched: "yes" } };
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { objectSelector })]);
    const labelled = (name: string) => configMap(name, {}, { labels: { watched: "yes" } });
    await world.api.make(`${ns.core}/configmaps`, configMap("without"));
    await world.api.make(`${ns.core}/configmaps`, labelled("with"));
    await world.api.make(`${other.core}/configmaps`, labelled("elsewhere"));
    await world.api.patch(`${ns.core}/configmaps/with`, { metadata: { labels: null } });
    await world.api.patch(`${ns.core}/configmaps/with`, { data: { a: "b" } });
    await hooks.remove();
    expect(host.seen(at).map(({ name, operation }) => [name, operation])).toEqual([
      ["with", "CREATE"],
      ["with", "UPDATE"],
    ]);
  });

  it("B215 asks only where all match conditions hold", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const matchConditions = [
      { name: "not-mine", expression: "!object.metadata.name.startsWith('skip-')" },
      { name: "create", expression: "request.operation == 'CREATE' && request.namespace == object.metadata.namespace" },
      {
        name: "may",
        expression:
          "authorizer.group('').resource('configmaps').namespace(request.namespace).check('create').allowed()",
      },
      { name: "user", expression: "'system:masters' in request.userInfo.groups" },
    ];
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { matchConditions })]);
    for (const name of ["skip-a", "a"]) await world.api.make(`${ns.core}/configmaps`, configMap(name));
    await world.api.patch(`${ns.core}/configmaps/a`, { data: { a: "b" } });
    await hooks.remove();
    expect(host.seen(at).map(({ name }) => name)).toEqual(["a"]);
  });

  it("B215 does as the failure policy says where a match condition fails", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const matchConditions = [{ name: "wrong", expression: "object.data.missing == 'x'" }];
    const fail = webhook("a.example.com", ns.name, config, { matchConditions });
    const hooks = await register("validating", [fail]);
    const refused = await world.api.post(`${ns.core}/configmaps`, configMap("c", { a: "b" }));
    await hooks.remove();
    expect([refused.status, refused.body.message]).toEqual([
      403,
      `configmaps "c" is forbidden: expression 'object.data.missing == 'x'' resulted in error: no such key: missing`,
    ]);
    const open = await register("validating", [{ ...fail, failurePolicy: "Ignore" }]);
    await world.api.make(`${ns.core}/configmaps`, configMap("c", { a: "b" }));
    await open.remove();
    expect(host.seen(at)).toEqual([]);
  });

  it("B215 refuses match conditions that do not compile", async () => {
    const config = host.on(path(), () => ({ allowed: true }));
    const matchConditions = [{ name: "wrong", expression: "object.metadata.name == nobody" }];
    const answer = await world.api.post(validating, {
      metadata: { name: "wrong" },
      webhooks: [webhook("a.example.com", "default", config, { matchConditions })],
    });
    expect([answer.status, answer.body.details.causes[0].field]).toEqual([
      422,
      "webhooks[0].matchConditions[0].expression",
    ]);
    expect(answer.body.message).toContain("compilation failed");
  });

  it("B216 tells webhooks all about the request", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const rules = [{ ...configMapWrites, operations: ["*"] }];
    const hooks = await register("mutating", [webhook("a.example.com", ns.name, config, { rules })]);
    const user = { username: "jane", uid: "u1", groups: ["system:masters", "dev"] };
    const maps = `${ns.core}/configmaps`;
    const jane = world.as(user);
    await jane.post(`${maps}?fieldManager=me&fieldValidation=Strict`, configMap("c", { a: "b" }));
    await jane.patch(`${maps}/c`, { data: { a: "c" } });
    await jane.post(maps, { metadata: { generateName: "g-" } });
    await jane.delete(`${maps}/c`, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
    await hooks.remove();
    const [create, update, generated, gone] = host.seen(at);
    const about = { group: "", version: "v1" };
    expect(create).toMatchObject({
      kind: { ...about, kind: "ConfigMap" },
      resource: { ...about, resource: "configmaps" },
      requestKind: { ...about, kind: "ConfigMap" },
      requestResource: { ...about, resource: "configmaps" },
      name: "c",
      namespace: ns.name,
      operation: "CREATE",
      object: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: ns.name }, data: { a: "b" } },
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "me", fieldValidation: "Strict" },
    });
    expect(create.userInfo.username).toBe("jane");
    expect(create.userInfo.groups).toEqual(expect.arrayContaining(["dev"]));
    expect(create.object.metadata.uid).toBeUndefined();
    expect([update.object.data, update.oldObject.data]).toEqual([{ a: "c" }, { a: "b" }]);
    expect(update.options).toEqual({ kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" });
    expect([generated.name, generated.object.metadata.name, generated.object.metadata.generateName]).toEqual([
      undefined,
      undefined,
      "g-",
    ]);
    expect([gone.operation, gone.object, gone.oldObject.data]).toEqual(["DELETE", null, { a: "c" }]);
    expect(gone.options).toMatchObject({ kind: "DeleteOptions", propagationPolicy: "Background" });
    expect(new Set([create, update, generated, gone].map(({ uid }) => uid)).size).toBe(4);
  });

  it("B216 asks about evictions and tokens in their own kinds", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, ({ kind }) => ({
      allowed: kind.kind !== "Eviction",
      status: { message: "stay", code: 429 },
    }));
    const rules = [
      { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/*", "serviceaccounts/token"] },
    ];
    await world.api.make(`${ns.core}/pods`, {
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    await world.api.make(`${ns.core}/serviceaccounts`, { metadata: { name: "sa" } });
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { rules })]);
    const evicted = await world.api.post(`${ns.core}/pods/p/eviction`, { metadata: { name: "p" } });
    await world.api.post(`${ns.core}/pods/p/binding`, { metadata: { name: "p" }, target: { kind: "Node", name: "n" } });
    await world.api.post(`${ns.core}/serviceaccounts/sa/token`, { spec: {} });
    await hooks.remove();
    expect([evicted.status, evicted.body.message]).toEqual([
      429,
      'admission webhook "a.example.com" denied the request: stay',
    ]);
    expect(host.seen(at).map(({ kind, subResource, object }) => [kind.kind, subResource, object.kind])).toEqual([
      ["Eviction", "eviction", "Eviction"],
      ["Binding", "binding", "Binding"],
      ["TokenRequest", "token", "TokenRequest"],
    ]);
    expect((await world.api.get(`${ns.core}/pods/p`)).status).toBe(200);
  });

  it("B216 asks about connections before it refuses them", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: false, status: { code: 403, reason: "Forbidden" } }));
    const rules = [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec"] }];
    await world.api.make(`${ns.core}/pods`, {
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { rules })]);
    const { status } = await world.api.post(`${ns.core}/pods/p/exec?command=ls&command=-l&stdout=true`, "");
    await hooks.remove();
    expect(status).toBe(403);
    expect(host.seen(at)[0]).toMatchObject({
      operation: "CONNECT",
      object: { kind: "PodExecOptions", apiVersion: "v1", command: ["ls", "-l"], stdout: true },
      oldObject: null,
    });
  });

  it("B217 takes no answer that is not one", async () => {
    const ns = await world.namespace();
    const patch = Buffer.from("[]").toString("base64");
    const cases: readonly [string, object | RawAnswer, string][] = [
      [
        "validating",
        { allowed: true, patchType: "JSONPatch", patch },
        "validating webhook may not return response.patch",
      ],
      ["mutating", { allowed: true, patch }, "webhook returned response.patch but not response.patchType"],
      [
        "mutating",
        { allowed: true, patchType: "JSONPatch" },
        "webhook returned response.patchType but not response.patch",
      ],
      ["mutating", { allowed: true, patchType: "Merge", patch }, 'invalid webhook response.patchType of "Merge"'],
      ["validating", { allowed: true, uid: "other" }, "expected response.uid="],
      ["validating", new RawAnswer(200, '{"kind":"Review"}'), "webhook response was absent"],
      [
        "validating",
        new RawAnswer(200, '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","response":{"uid":"x"}}'),
        "expected response.uid=",
      ],
      ["validating", new RawAnswer(500, "oops"), 'an error on the server (\\"oops\\")'],
    ];
    for (const [kind, answer, text] of cases) {
      const config = host.on(path(), () => answer);
      const hooks = await register(kind as "mutating", [webhook("a.example.com", ns.name, config)]);
      const { status, body } = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
      await hooks.remove();
      expect([status, body.reason]).toEqual([500, "InternalError"]);
      expect(body.message).toContain('failed calling webhook "a.example.com": ');
      expect(JSON.stringify(body.message)).toContain(text.includes("\\") ? text : JSON.stringify(text).slice(1, -1));
    }
  });

  it("B217 refuses a change of what is deleted", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), () => patchAnswer({ op: "add", path: "/data", value: {} }));
    const rules = [{ ...configMapWrites, operations: ["DELETE"] }];
    await world.api.make(`${ns.core}/configmaps`, configMap("c"));
    const hooks = await register("mutating", [webhook("a.example.com", ns.name, config, { rules })]);
    const { status, body } = await world.api.delete(`${ns.core}/configmaps/c`);
    await hooks.remove();
    expect([status, body.message]).toEqual([
      500,
      'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, which is not supported for this operation',
    ]);
  });

  it("B218 tells a denial in the webhook's words", async () => {
    const ns = await world.namespace();
    const denied = 'admission webhook "a.example.com" denied the request';
    const cases: readonly [object | undefined, number, string, string | undefined][] = [
      [undefined, 400, `${denied} without explanation`, undefined],
      [{ message: "no" }, 400, `${denied}: no`, undefined],
      [{ reason: "Forbidden", code: 200 }, 400, `${denied}: Forbidden`, "Forbidden"],
      [{ message: "never", reason: "Forbidden", code: 403 }, 403, `${denied}: never`, "Forbidden"],
    ];
    for (const [status, code, message, reason] of cases) {
      const config = host.on(path(), () => ({ allowed: false, ...(status && { status }) }));
      const hooks = await register("validating", [webhook("a.example.com", ns.name, config)]);
      const answer = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
      await hooks.remove();
      expect([answer.status, answer.body.message, answer.body.reason, answer.body.code]).toEqual([
        code,
        message,
        reason,
        code,
      ]);
    }
    expect((await world.api.get(`${ns.core}/configmaps/c`)).status).toBe(404);
  });

  it("B219 says why a webhook could not be called", async () => {
    const ns = await world.namespace();
    const other = await openWebhookHost(["elsewhere"]);
    const wrongName = other.on("/x", () => ({ allowed: true }));
    const good = host.on(path(), () => ({ allowed: true }));
    const cases: readonly [object, RegExp][] = [
      [
        { url: "https://127.0.0.1:1/x" },
        /Post "https:\/\/127\.0\.0\.1:1\/x\?timeout=10s": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
      ],
      [wrongName, /tls: failed to verify certificate: x509: certificate is valid for elsewhere, not 127\.0\.0\.1$/],
      [
        { ...good, caBundle: other.caBundle },
        /tls: failed to verify certificate: x509: certificate signed by unknown authority$/,
      ],
      [
        { service: { namespace: "default", name: "nobody" } },
        /Post "https:\/\/nobody\.default\.svc:443\/\?timeout=10s": service "nobody" not found$/,
      ],
      [host.on("/gone", () => undefined), /the server could not find the requested resource$/],
    ];
    for (const [config, text] of cases) {
      const hooks = await register("validating", [webhook("a.example.com", ns.name, config)]);
      const { status, body } = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
      await hooks.remove();
      expect([status, body.reason]).toEqual([500, "InternalError"]);
      expect(body.message).toMatch(
        /^Internal error occurred: failed calling webhook "a\.example\.com": failed to call webhook: /,
      );
      expect(body.message).toMatch(text);
    }
    await other.close();
  });

  it("B219 goes on where the failure policy says so", async () => {
    const ns = await world.namespace();
    const config = { url: "https://127.0.0.1:1/x" };
    const hook = webhook("a.example.com", ns.name, config, { failurePolicy: "Ignore" });
    const hooks = [await register("mutating", [hook]), await register("validating", [hook])];
    const { status } = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
    for (const { remove } of hooks) await remove();
    expect(status).toBe(201);
  });

  it.runIf(world.ours)("B220 tells the webhook how long it waits, and waits no longer", async () => {
    const ns = await world.namespace();
    const at = path();
    let called = (): void => {};
    const calling = new Promise<void>((resolve) => {
      called = resolve;
    });
    const config = host.on(at, () => {
      called();
      return new Promise(() => {});
    });
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { timeoutSeconds: 3 })]);
    const waiting = world.api.post(`${ns.core}/configmaps`, configMap("c"));
    await calling;
    await world.target.advance(3_000);
    const { status, body } = await waiting;
    await hooks.remove();
    expect(host.urls).toContain(`${at}?timeout=3s`);
    expect([status, body.message]).toEqual([
      500,
      `Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://127.0.0.1:${host.port}${at}?timeout=3s": context deadline exceeded`,
    ]);
  });

  it("B221 calls services at the addresses of their endpoints, under their names", async () => {
    const ns = await world.namespace();
    const at = path();
    host.on(at, () => ({ allowed: true }));
    const services = "/api/v1/namespaces/default/services";
    await world.api.make(services, { metadata: { name: "hooks" }, spec: { ports: [{ port: 443, targetPort: 9443 }] } });
    const clientConfig = { service: { namespace: "default", name: "hooks", path: at }, caBundle: host.caBundle };
    const hooks = await register("validating", [webhook("a.example.com", ns.name, clientConfig)]);
    const early = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
    expect(early.body.message).toMatch(/no endpoints available for service "hooks"$/);
    await world.api.make("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      metadata: { name: "hooks-1", labels: { "kubernetes.io/service-name": "hooks" } },
      addressType: "IPv4",
      ports: [{ port: host.port, protocol: "TCP", name: "" }],
      endpoints: [{ addresses: ["127.0.0.1"], conditions: { ready: true } }],
    });
    await world.api.make(`${ns.core}/configmaps`, configMap("c"));
    await hooks.remove();
    await world.api.delete(`${services}/hooks`);
    expect(host.seen(at)).toHaveLength(1);
  });

  it("B221 keeps connections", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), () => ({ allowed: true }));
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config)]);
    await world.api.make(`${ns.core}/configmaps`, configMap("first"));
    const before = host.connections();
    for (let n = 0; n < 5; n++) await world.api.make(`${ns.core}/configmaps`, configMap(`c${n}`));
    await hooks.remove();
    expect(host.connections()).toBe(before);
  });

  it("B222 asks mutating webhooks in the order of names and places, each on what the others made", async () => {
    const ns = await world.namespace();
    const order: string[] = [];
    const append = (letter: string) =>
      host.on(path(), ({ object }) => {
        order.push(object.data.a);
        return patchAnswer({ op: "replace", path: "/data/a", value: object.data.a + letter });
      });
    const late = await register("mutating", [webhook("x.example.com", ns.name, append("3"))], "z-hooks");
    const early = await register(
      "mutating",
      [webhook("y.example.com", ns.name, append("1")), webhook("x.example.com", ns.name, append("2"))],
      "a-hooks",
    );
    const object = await world.api.make(`${ns.core}/configmaps`, configMap("c", { a: "0" }));
    for (const { remove } of [late, early]) await remove();
    expect([order, object.data.a]).toEqual([["0", "01", "012"], "0123"]);
  });

  it("B222 asks validating webhooks side by side and tells the first refusal", async () => {
    const ns = await world.namespace();
    let waiting = 0;
    let release = (): void => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const refusing = (message: string) =>
      host.on(path(), async () => {
        if (++waiting === 2) release();
        await all;
        return { allowed: false, status: { message } };
      });
    const hooks = await register("validating", [
      webhook("a.example.com", ns.name, refusing("one")),
      webhook("b.example.com", ns.name, refusing("two")),
    ]);
    const { body } = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
    await hooks.remove();
    expect(body.message).toBe('admission webhook "a.example.com" denied the request: one');
  });

  it("B223 asks a webhook again when another one changed the object after it", async () => {
    const ns = await world.namespace();
    const [first, second] = [path(), path()];
    const seeing = host.on(first, () => ({ allowed: true }));
    const changing = host.on(second, ({ object }) =>
      object.data.b ? { allowed: true } : patchAnswer({ op: "add", path: "/data/b", value: "set" }),
    );
    const hooks = await register("mutating", [
      webhook("a.example.com", ns.name, seeing, { reinvocationPolicy: "IfNeeded" }),
      webhook("b.example.com", ns.name, changing),
    ]);
    await world.api.make(`${ns.core}/configmaps`, configMap("c", { a: "x" }));
    await hooks.remove();
    expect(host.seen(first).map(({ object }) => object.data)).toEqual([{ a: "x" }, { a: "x", b: "set" }]);
    expect(host.seen(second)).toHaveLength(1);
  });

  it("B224 brings what webhooks made into shape, and puts it down to the request's manager", async () => {
    const ns = await world.namespace();
    const group = "shape.example.com";
    await world.define(definition(group));
    const config = host.on(path(), () =>
      patchAnswer(
        { op: "add", path: "/spec/unknown", value: "x" },
        { op: "add", path: "/spec/nested", value: {} },
        { op: "add", path: "/metadata/uid", value: "mine" },
        { op: "add", path: "/metadata/labels", value: { a: "b" } },
      ),
    );
    const rules = [{ operations: ["CREATE"], apiGroups: [group], apiVersions: ["v1"], resources: ["widgets"] }];
    const hooks = await register("mutating", [webhook("a.example.com", ns.name, config, { rules })]);
    const object = await world.api
      .post(`${ns.path(`${group}/v1`)}/widgets?fieldManager=me`, widget(group, "w", { size: 1 }))
      .then(({ body }) => body);
    await hooks.remove();
    expect(object.spec).toEqual({ size: 1, color: "red", nested: { on: true } });
    expect(object.metadata.uid).not.toBe("mine");
    expect(object.metadata.managedFields).toMatchObject([
      { manager: "me", fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} } }, "f:spec": { "f:nested": {} } } },
    ]);
  });

  it("B224 validates what webhooks made", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), () =>
      patchAnswer({ op: "add", path: "/metadata/labels", value: { a: "not good" } }),
    );
    const hooks = await register("mutating", [webhook("a.example.com", ns.name, config)]);
    const { status } = await world.api.post(`${ns.core}/configmaps`, configMap("c"));
    await hooks.remove();
    expect(status).toBe(422);
  });

  it("B225 never asks webhooks about what could lock everyone out", async () => {
    const at = path();
    const config = host.on(at, () => ({ allowed: false }));
    const rules = [
      { operations: ["*"], apiGroups: ["admissionregistration.k8s.io"], apiVersions: ["*"], resources: ["*"] },
    ];
    const { namespaceSelector: _, ...hook } = webhook("a.example.com", "", config, { rules });
    const first = await register("validating", [hook]);
    const second = await register("mutating", [hook]);
    expect((await first.remove()).status).toBe(200);
    expect((await second.remove()).status).toBe(200);
    expect(host.seen(at)).toEqual([]);
  });

  it("B226 hands warnings on, refused or not", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), ({ name }) => ({
      allowed: name === "c",
      warnings: ["take care"],
      auditAnnotations: { k: "v" },
    }));
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config)]);
    const answers = [];
    for (const name of ["c", "d"]) answers.push(await world.api.post(`${ns.core}/configmaps`, configMap(name)));
    await hooks.remove();
    expect(answers.map(({ status, headers }) => [status, headers["warning"]])).toEqual([
      [201, '299 - "take care"'],
      [400, '299 - "take care"'],
    ]);
  });

  it("B227 speaks v1beta1 to webhooks that know nothing newer", async () => {
    const ns = await world.namespace();
    let spoken: string | undefined;
    const config = host.on(path(), (_request, { apiVersion }) => {
      spoken = apiVersion;
      return { allowed: true };
    });
    const admissionReviewVersions = ["v2", "v1beta1", "v1"];
    const hooks = await register("validating", [
      webhook("a.example.com", ns.name, config, { admissionReviewVersions }),
    ]);
    await world.api.make(`${ns.core}/configmaps`, configMap("c"));
    await hooks.remove();
    expect(spoken).toBe("admission.k8s.io/v1beta1");
  });

  it("B227 tells webhooks of a dry run", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, () => ({ allowed: true }));
    const hooks = await register("validating", [
      webhook("a.example.com", ns.name, config, { sideEffects: "NoneOnDryRun" }),
    ]);
    await world.api.post(`${ns.core}/configmaps?dryRun=All`, configMap("c"));
    await hooks.remove();
    expect(host.seen(at)).toMatchObject([{ dryRun: true, options: { dryRun: ["All"] } }]);
    expect((await world.api.get(`${ns.core}/configmaps/c`)).status).toBe(404);
  });

  it("B228 takes configurations, their changes and their end into account at once", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), () => ({ allowed: false }));
    const create = async (name: string) => (await world.api.post(`${ns.core}/configmaps`, configMap(name))).status;
    expect(await create("a")).toBe(201);
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config)]);
    expect(await create("b")).toBe(400);
    const change = [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["UPDATE"] }];
    await world.api.patch(`${validating}/${hooks.name}`, change, "json");
    expect(await create("c")).toBe(201);
    await world.api.patch(`${validating}/${hooks.name}`, [{ ...change[0], value: ["CREATE"] }], "json");
    expect(await create("d")).toBe(400);
    await hooks.remove();
    expect(await create("e")).toBe(201);
  });

  it.runIf(world.alone)("B229 asks about each object of a deletecollection", async () => {
    const ns = await world.namespace();
    const at = path();
    const config = host.on(at, ({ name }) => ({ allowed: name !== "c" }));
    const rules = [{ ...configMapWrites, operations: ["DELETE"] }];
    for (const name of ["a", "b", "c"]) await world.api.make(`${ns.core}/configmaps`, configMap(name));
    const hooks = await register("validating", [webhook("a.example.com", ns.name, config, { rules })]);
    const { status } = await world.api.delete(`${ns.core}/configmaps`);
    await hooks.remove();
    expect([status, host.seen(at).map(({ name }) => name)]).toEqual([400, ["a", "b", "c"]]);
    const { body } = await world.api.get(`${ns.core}/configmaps`);
    expect(body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)).toEqual(["c"]);
  });

  it("B267 counts calls of webhooks", async () => {
    const ns = await world.namespace();
    const config = host.on(path(), () => ({ allowed: false }));
    const hooks = await register("validating", [webhook("counted.example.com", ns.name, config)]);
    await world.api.post(`${ns.core}/configmaps`, configMap("c"));
    await hooks.remove();
    const { text } = await world.api.get("/metrics");
    expect(text).toContain(
      'apiserver_admission_webhook_admission_duration_seconds_count{name="counted.example.com",operation="CREATE",rejected="true",type="validating"} 1',
    );
    expect(text).toContain(
      'apiserver_admission_webhook_rejection_count{error_type="no_error",name="counted.example.com",operation="CREATE",type="validating"} 1',
    );
  });
});
