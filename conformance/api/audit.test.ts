import { createVirtualClock } from "@homeostat/api";
import { type ApiServerOptions, type AuditEvent, createApiServer, type UserInfo } from "@homeostat/apiserver";
import { afterEach, describe, expect, it } from "vitest";
import { type Api, apiOf } from "./client.ts";
import { dials } from "./dialing.ts";
import { configMap, definition, pod, widget } from "./objects.ts";
import { openWebhookHost, patchAnswer, registration, webhook } from "./webhook-host.ts";

const core = "/api/v1/namespaces/default";
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const jane: UserInfo = { username: "jane", groups: ["ops"] };

describe.each(dials)("the audit log, %s", (_name, dial) => {
  async function audited(rules: readonly object[], options: Partial<ApiServerOptions> = {}, policy: object = {}) {
    const events: AuditEvent[] = [];
    const waiting = new Set<() => void>();
    const server = await createApiServer({
      ...options,
      audit: {
        policy: { apiVersion: "audit.k8s.io/v1", kind: "Policy", rules, ...policy } as never,
        sink: (line) => {
          expect(line.endsWith("}\n")).toBe(true);
          events.push(JSON.parse(line));
          for (const check of waiting) check();
        },
      },
    });
    open.push(() => server.stop());
    const transport = await dial(server);
    const as = (user?: UserInfo | null): Api => apiOf(transport(user));
    const until = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => (events.length >= count ? resolve() : undefined);
        waiting.add(check);
        check();
      });
    return { server, transport, as, api: as(), events, until };
  }
  const stages = (events: readonly AuditEvent[]): string[] => events.map(({ verb, stage }) => `${verb} ${stage}`);

  it("B016 tells who did what, when and with what outcome, without bodies", async () => {
    const clock = createVirtualClock();
    const { as, events } = await audited([{ level: "Metadata" }], { clock });
    const headers = { "user-agent": "tester/1.0", "x-forwarded-for": "203.0.113.7, 198.51.100.2" };
    const answer = await as().post(`${core}/configmaps`, configMap("a", { k: "v" }), headers);
    expect(stages(events)).toEqual(["create RequestReceived", "create ResponseComplete"]);
    expect(events[0]).toEqual({
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: answer.headers["audit-id"],
      stage: "RequestReceived",
      requestURI: `${core}/configmaps`,
      verb: "create",
      user: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
      sourceIPs: expect.arrayContaining(["203.0.113.7", "198.51.100.2"]),
      userAgent: "tester/1.0",
      objectRef: { resource: "configmaps", namespace: "default", apiVersion: "v1" },
      requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
      stageTimestamp: "2026-01-01T00:00:00.000000Z",
    });
    expect(events[1]).toEqual({
      ...events[0],
      stage: "ResponseComplete",
      objectRef: { resource: "configmaps", namespace: "default", name: "a", apiVersion: "v1" },
      responseStatus: { metadata: {}, code: 201 },
      annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
    });
  });

  it("B016 shows bodies as far as the level of the rule says, and none of secrets that it spares", async () => {
    const { api, events } = await audited(
      [
        { level: "Metadata", resources: [{ group: "", resources: ["secrets"] }] },
        { level: "Request", resources: [{ group: "apps" }] },
        { level: "RequestResponse", verbs: ["create", "patch", "delete"] },
      ],
      {},
      { omitStages: ["RequestReceived"], omitManagedFields: true },
    );
    await api.make(`${core}/secrets`, { metadata: { name: "s" }, data: { password: "aHVudGVyMg==" } });
    expect(JSON.stringify(events)).not.toContain("aHVudGVyMg");
    expect(events.splice(0)).toHaveLength(1);
    await api.make(`${core}/configmaps`, { metadata: { name: "a" }, data: { k: "v" } });
    const [made] = events.splice(0);
    expect(made!.requestObject).toEqual({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name: "a" },
      data: { k: "v" },
    });
    expect(made!.responseObject).toMatchObject({ kind: "ConfigMap", data: { k: "v" } });
    expect(JSON.stringify(made)).not.toContain("managedFields");
    await api.patch(`${core}/configmaps/a`, { data: { k: "w" } });
    await api.apply(`${core}/configmaps/a`, "apiVersion: v1\nkind: ConfigMap\ndata: {l: x}" as never, "m");
    await api.delete(`${core}/configmaps/a`, { gracePeriodSeconds: 0 });
    const [patched, applied, deleted] = events.splice(0);
    expect(patched!.requestObject).toEqual({ data: { k: "w" } });
    expect(applied!.requestObject).toEqual({ apiVersion: "v1", kind: "ConfigMap", data: { l: "x" } });
    expect(applied!.responseObject).toMatchObject({ data: { k: "w", l: "x" } });
    expect(deleted).toMatchObject({ requestObject: { gracePeriodSeconds: 0 }, responseObject: { kind: "Status" } });
    expect(deleted!.responseStatus).toMatchObject({ metadata: {}, status: "Success", code: 200 });
    await api.get(`${core}/configmaps`);
    expect(events).toEqual([]);
  });

  it("B243 tells what was refused, and by which role something was allowed", async () => {
    const { as, api, events } = await audited([{ level: "Metadata", userGroups: ["ops"] }]);
    const path = `${core}/configmaps/a`;
    expect((await as(jane).get(path)).status).toBe(403);
    expect(events.at(-1)).toMatchObject({
      verb: "get",
      user: { username: "jane", groups: ["ops", "system:authenticated"] },
      objectRef: { resource: "configmaps", namespace: "default", name: "a", apiVersion: "v1" },
      responseStatus: { metadata: {}, status: "Failure", reason: "Forbidden", details: { name: "a" }, code: 403 },
      annotations: { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "" },
    });
    await api.make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "ops" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "Group", name: "ops", apiGroup: "rbac.authorization.k8s.io" }],
    });
    expect((await as(jane).get(path)).status).toBe(404);
    expect(events.at(-1)!.annotations).toEqual({
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": 'RBAC: allowed by ClusterRoleBinding "ops" of ClusterRole "view" to Group "ops"',
    });
    expect(events.every(({ user }) => user.username === "jane")).toBe(true);
  });

  it("B240 tells of credentials that are not good", async () => {
    const { as, events } = await audited([{ level: "Metadata" }]);
    await as(null).get("/version", { authorization: "Bearer nonsense" });
    expect(stages(events)).toEqual(["get ResponseStarted"]);
    expect(events[0]).toMatchObject({
      user: {},
      requestURI: "/version",
      responseStatus: { metadata: {}, message: "Authentication failed, attempted: bearer", code: 401 },
    });
  });

  it("B249 names the sender and for whom it acts", async () => {
    const { api, events } = await audited([{ level: "Metadata" }]);
    await api.get("/version", { "impersonate-user": "jane", "impersonate-group": "ops" });
    expect(events.map(({ user, impersonatedUser }) => [user.username, impersonatedUser])).toEqual([
      ["kubernetes-admin", undefined],
      ["kubernetes-admin", { username: "jane", groups: ["ops", "system:authenticated"] }],
    ]);
  });

  it("B136 tells when a watch begins and when it is over", async () => {
    const { api, server, events } = await audited([{ level: "RequestResponse", verbs: ["watch"] }]);
    const watch = api.watch("/api/v1/namespaces");
    await watch.until(1);
    expect(stages(events)).toEqual(["watch RequestReceived", "watch ResponseStarted"]);
    await server.stop();
    await watch.ended;
    expect(stages(events).slice(2)).toEqual(["watch ResponseComplete"]);
    expect(events.at(-1)).toMatchObject({ responseStatus: { metadata: {}, code: 200 } });
    expect(events.at(-1)!.responseObject).toBeUndefined();
  });

  it("tells of a client that went away", async () => {
    const { transport, events, until } = await audited([{ level: "Metadata", verbs: ["get"] }], {
      clock: createVirtualClock(),
    });
    const leaving = new AbortController();
    const path = "/api/v1/namespaces/default?resourceVersion=999999999";
    const asked = transport()({ method: "GET", path, signal: leaving.signal }).catch(() => "gone");
    await until(1);
    leaving.abort();
    expect(await asked).toBe("gone");
    await until(2);
    expect(stages(events)).toEqual(["get RequestReceived", "get ResponseComplete"]);
    expect(events[1]!.responseStatus).toMatchObject({ message: "Connection closed early", code: 200 });
  });

  it.each([
    ["nested too deeply", `{"data":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
    ["no JSON", "{"],
  ])("tells of a body that is %s without it", async (_what, body) => {
    const { api, events } = await audited([{ level: "RequestResponse" }]);
    expect((await api.post(`${core}/configmaps`, body)).status).toBe(400);
    expect(stages(events)).toEqual(["create RequestReceived", "create ResponseComplete"]);
    expect(events[1]!.requestObject).toBeUndefined();
    expect(events[1]!.responseStatus).toMatchObject({ reason: "BadRequest", code: 400 });
  });

  it("B030 tells of what nobody expected", async () => {
    const podLogs = (): never => {
      throw new Error("the disk is on fire");
    };
    const { api, events } = await audited([{ level: "Metadata", verbs: ["get"] }], { podLogs });
    await api.make(`${core}/pods`, pod("p"));
    await api.get(`${core}/pods/p/log`);
    expect(stages(events)).toEqual(["get RequestReceived", "get Panic"]);
    expect(events[1]!.responseStatus).toEqual({
      metadata: {},
      status: "Failure",
      reason: "InternalError",
      message: "APIServer panic'd: the disk is on fire",
      code: 500,
    });
  });

  it("lets the first rule that matches decide", async () => {
    const { as, api, events } = await audited([
      { level: "None", nonResourceURLs: ["/healthz*", "/version"] },
      { level: "None", users: ["jane"] },
      { level: "None", namespaces: [""], resources: [{ group: "" }] },
      { level: "None", resources: [{ group: "", resources: ["pods/status", "*/log"] }] },
      { level: "None", resources: [{ group: "", resources: ["configmaps"], resourceNames: ["quiet"] }] },
      { level: "Metadata", omitStages: ["RequestReceived"] },
    ]);
    const told = async (path: string, who = api): Promise<boolean> => {
      await who.get(path);
      return events.splice(0).length > 0;
    };
    const paths = ["/healthz/ping", "/version", "/api/v1/nodes", `${core}/pods/p/status`, `${core}/pods/p/log`];
    for (const path of paths) expect([path, await told(path)]).toEqual([path, false]);
    expect(await told(`${core}/configmaps/quiet`)).toBe(false);
    expect(await told(`${core}/configmaps`, as(jane))).toBe(false);
    for (const path of ["/livez", `${core}/pods/p`, `${core}/configmaps/loud`, "/apis/apps/v1/deployments"]) {
      expect([path, await told(path)]).toEqual([path, true]);
    }
  });

  it("B226 notes what webhooks say and change, and where they were passed over", async () => {
    const host = await openWebhookHost();
    open.push(() => host.close());
    const rules = [{ level: "Request", verbs: ["create"] }];
    const { api, events } = await audited(rules, {}, { omitStages: ["RequestReceived"] });
    const patch = [{ op: "add", path: "/data", value: { changed: "yes" } }];
    const changing = host.on("/change", () => ({
      ...patchAnswer(...patch),
      auditAnnotations: { why: "it was asked to" },
    }));
    await api.make(`${registration}/mutatingwebhookconfigurations`, {
      metadata: { name: "changes" },
      webhooks: [webhook("a.example.com", "default", changing)],
    });
    const lost = { url: "https://127.0.0.1:1/gone", caBundle: host.caBundle };
    await api.make(`${registration}/validatingwebhookconfigurations`, {
      metadata: { name: "judges" },
      webhooks: [webhook("b.example.com", "default", lost, { failurePolicy: "Ignore" })],
    });
    events.splice(0);
    await api.make(`${core}/configmaps`, { metadata: { name: "a" } });
    const who = { configuration: "changes", webhook: "a.example.com" };
    expect(events[0]!.annotations).toEqual({
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": "",
      "a.example.com/why": "it was asked to",
      "mutation.webhook.admission.k8s.io/round_0_index_0": JSON.stringify({ ...who, mutated: true }),
      "patch.webhook.admission.k8s.io/round_0_index_0": JSON.stringify({
        ...who,
        patch,
        patchType: "JSONPatch",
      }),
      "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "b.example.com",
    });
  });

  it("B230 notes what policies find and remark", async () => {
    const { api, events } = await audited(
      [{ level: "Metadata", verbs: ["create"] }],
      {},
      { omitStages: ["RequestReceived"] },
    );
    await api.make(`${registration}/validatingadmissionpolicies`, {
      metadata: { name: "small" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        },
        validations: [{ expression: "true" }, { expression: "size(object.data) < 2", message: "too much" }],
        auditAnnotations: [{ key: "size", valueExpression: "'has ' + string(size(object.data))" }],
      },
    });
    await api.make(`${registration}/validatingadmissionpolicybindings`, {
      metadata: { name: "here" },
      spec: { policyName: "small", validationActions: ["Audit"] },
    });
    events.splice(0);
    await api.make(`${core}/configmaps`, configMap("a", { a: "1", b: "2" }));
    expect(events[0]!.annotations).toMatchObject({
      "small/size": "has 2",
      "validation.policy.admission.k8s.io/validation_failure": JSON.stringify([
        {
          message: "too much",
          policy: "small",
          binding: "here",
          expressionIndex: 1,
          validationActions: ["Audit"],
        },
      ]),
    });
  });

  it("B239 notes what the audit level of a namespace would refuse", async () => {
    const { api, events } = await audited(
      [{ level: "Metadata", verbs: ["create"] }],
      {},
      { omitStages: ["RequestReceived"] },
    );
    const labels = {
      "pod-security.kubernetes.io/enforce": "baseline",
      "pod-security.kubernetes.io/audit": "restricted",
    };
    await api.make("/api/v1/namespaces", { metadata: { name: "watched", labels } });
    events.splice(0);
    await api.make("/api/v1/namespaces/watched/pods", pod("p"));
    const prefix = "pod-security.kubernetes.io/";
    expect(events[0]!.annotations).toMatchObject({
      [`${prefix}enforce-policy`]: "baseline:latest",
      [`${prefix}audit-violations`]: expect.stringMatching(
        /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/,
      ),
    });
    await api.make(`${core}/pods`, pod("p"));
    const { annotations } = events[1]!;
    expect(annotations).toMatchObject({ [`${prefix}enforce-policy`]: "privileged:latest" });
    expect(annotations).not.toHaveProperty([`${prefix}audit-violations`]);
  });

  it("B017 notes that a version is deprecated", async () => {
    const { api, events } = await audited(
      [{ level: "Metadata", verbs: ["create"] }],
      {},
      { omitStages: ["RequestReceived"] },
    );
    const group = "old.example.com";
    await api.make(
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
      definition(group, { versions: [{ name: "v1", deprecated: true }] }) as never,
    );
    const watch = api.watch("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
    await watch.until(({ object }) => object.status?.conditions?.[1]?.status === "True");
    watch.stop();
    await api.make(`/apis/${group}/v1/namespaces/default/widgets`, widget(group, "w", {}));
    expect(events.at(-1)!.annotations).toMatchObject({ "k8s.io/deprecated": "true" });
  });
});

it.each([
  ["kind: Policy", "audit policy: apiVersion: the document must be a Policy of audit.k8s.io/v1"],
  ["- a", "audit policy: it is no object"],
  ["a: [", "audit policy: it is no YAML"],
  ["rules: []", "audit policy: rules: there are none"],
  ["rules: [{level: All}]", "audit policy: rules[0].level: must be one of None, Metadata, Request, RequestResponse"],
  ["rules: [{level: None, verb: [get]}]", "audit policy: rules[0].verb: there is no such field"],
  ["rules: [{level: None, verbs: get}]", "audit policy: rules[0].verbs: must be a list of texts"],
  ["rules: [{level: None, omitStages: [All]}]", "audit policy: rules[0].omitStages[0]: must be one of"],
  ["rules: [{level: None, namespaces: [a], nonResourceURLs: [/a]}]", "rules[0].nonResourceURLs: a rule is for"],
  ["rules: [{level: None, nonResourceURLs: ['/a*b']}]", "rules[0].nonResourceURLs[0]: must begin with /"],
  ["rules: [{level: None, resources: [{resourceNames: [a]}]}]", "rules[0].resources[0].resourceNames: need"],
])("refuses to start with the audit policy %s", async (text, problem) => {
  const policy = text.startsWith("rules") ? `apiVersion: audit.k8s.io/v1\nkind: Policy\n${text}` : text;
  await expect(createApiServer({ audit: { policy, sink() {} } })).rejects.toThrow(problem);
});

it("goes on when the log cannot be written", async () => {
  const errors: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error: (_: object, message: string) => void errors.push(message) };
  const policy = "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";
  const sink = (): never => {
    throw new Error("no space");
  };
  await using server = await createApiServer({ log, audit: { policy, sink } });
  expect((await apiOf(server.transport()).get("/version")).status).toBe(200);
  expect(errors).toEqual(["Writing to the audit log failed", "Writing to the audit log failed"]);
});
