import { afterAll, beforeAll, expect, it } from "vitest";
import { configMap, pod } from "./objects.ts";
import { behaviours } from "./suite.ts";
import { openWebhookHost, patchAnswer, registration, type WebhookHost, webhook } from "./webhook-host.ts";

behaviours("the order of admission, and its time", (world) => {
  let host: WebhookHost;
  beforeAll(async () => {
    host = await openWebhookHost();
  });
  afterAll(() => host.close());

  it("B211 mutates first, its own rules before webhooks; then validates, and counts quota last", async () => {
    const ns = await world.namespace();
    const group = registration;
    await world.api.make(`${ns.core}/limitranges`, {
      metadata: { name: "limits" },
      spec: { limits: [{ type: "Container", default: { cpu: "1" }, defaultRequest: { cpu: "100m" } }] },
    });
    await world.api.make(`${ns.core}/resourcequotas`, { metadata: { name: "quota" }, spec: { hard: { pods: "1" } } });
    const rules = [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }];
    const mutating = host.on("/order-mutating", () =>
      patchAnswer({ op: "add", path: "/metadata/labels", value: { seen: "yes" } }),
    );
    const validating = host.on("/order-validating", ({ object }) => ({
      allowed: object.metadata.name !== "refused",
      status: { code: 403, message: "not this one" },
    }));
    const name = `${ns.name}-order`;
    const policy = {
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        },
        validations: [{ expression: "object.metadata.name != 'unwanted'", message: "unwanted by policy" }],
      },
    };
    await world.api.make(`${group}/mutatingwebhookconfigurations`, {
      metadata: { name },
      webhooks: [webhook("m.example.com", ns.name, mutating, { rules })],
    });
    await world.api.make(`${group}/validatingwebhookconfigurations`, {
      metadata: { name },
      webhooks: [webhook("v.example.com", ns.name, validating, { rules })],
    });
    await world.api.make(`${group}/validatingadmissionpolicies`, policy as never);
    await world.api.make(`${group}/validatingadmissionpolicybindings`, {
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": ns.name } } },
      },
    });
    // Policies are compiled beside the request that makes them.
    await expect
      .poll(async () => (await world.api.post(`${ns.core}/pods?dryRun=All`, pod("unwanted"))).status)
      .toBe(422);
    const before = host.seen("/order-validating").length;
    const unwanted = await world.api.post(`${ns.core}/pods`, pod("unwanted"));
    expect(unwanted.body.message).toContain("unwanted by policy");
    expect(host.seen("/order-validating")).toHaveLength(before);

    const refused = await world.api.post(`${ns.core}/pods`, pod("refused"));
    expect([refused.status, refused.body.message.includes("not this one")]).toEqual([403, true]);
    // Nothing refused was counted: the one that the quota allows is still to be had.
    const taken = await world.api.post(`${ns.core}/pods`, pod("taken"));
    expect([taken.status, taken.body.metadata.labels]).toEqual([201, { seen: "yes" }]);
    const limited = { limits: { cpu: "1" }, requests: { cpu: "100m" } };
    expect(host.seen("/order-mutating").at(-1).object.spec.containers[0].resources).toEqual(limited);
    expect(host.seen("/order-validating").at(-1).object.metadata.labels).toEqual({ seen: "yes" });
    const full = await world.api.post(`${ns.core}/pods`, pod("late"));
    expect([full.status, full.body.message]).toEqual([403, expect.stringContaining("exceeded quota: quota")]);
    expect(host.seen("/order-validating").at(-1).object.metadata.name).toBe("late");
    for (const kind of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]) {
      await world.api.delete(`${group}/${kind}/${name}`);
    }
    await world.api.delete(`${group}/validatingadmissionpolicybindings/${name}`);
  });

  it.runIf(world.ours)("B015 ends a request that takes too long, sooner where it asks for that", async () => {
    const ns = await world.namespace();
    let called = (): void => {};
    const hanging = host.on("/order-hanging", () => {
      called();
      return new Promise(() => {});
    });
    const name = `${ns.name}-hanging`;
    await world.api.make(`${registration}/validatingwebhookconfigurations`, {
      metadata: { name },
      webhooks: [webhook("h.example.com", ns.name, hanging, { timeoutSeconds: 30, failurePolicy: "Ignore" })],
    });
    const reached = new Promise<void>((resolve) => {
      called = resolve;
    });
    const waiting = world.api.post(`${ns.core}/configmaps?timeout=2s`, configMap("c"));
    await reached;
    await world.target.advance(2_000);
    const { status, body } = await waiting;
    expect([status, body.reason]).toEqual([504, "Timeout"]);
    await world.api.delete(`${registration}/validatingwebhookconfigurations/${name}`);
    expect((await world.api.get(`${ns.core}/configmaps?timeout=soon`)).status).toBe(400);
    const watch = world.api.watch(`${ns.core}/configmaps?timeout=1s`);
    await watch.opened;
    await world.target.advance(3_000);
    await world.api.make(`${ns.core}/configmaps`, configMap("d"));
    await watch.until(({ object }) => object.metadata.name === "d");
    watch.stop();
  });

  it("B013 indents an answer when asked to", async () => {
    const plain = await world.api.get("/api/v1/namespaces/default");
    const pretty = await world.api.get("/api/v1/namespaces/default?pretty=true");
    expect([plain.text.trim().includes("\n"), pretty.text.startsWith('{\n  "')]).toEqual([false, true]);
    expect(pretty.body.metadata.uid).toBe(plain.body.metadata.uid);
  });

  it("B021 answers objects whole, whatever a client says it has", async () => {
    const first = await world.api.get("/api/v1/namespaces/default");
    expect(first.headers["etag"]).toBeUndefined();
    const again = await world.api.get("/api/v1/namespaces/default", {
      "if-none-match": '"anything"',
      "if-modified-since": new Date(0).toUTCString(),
    });
    expect([again.status, again.body.metadata.name]).toEqual([200, "default"]);
  });
});
