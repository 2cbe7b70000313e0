import { createVirtualClock, type Transport } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, apiOf } from "./client.ts";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";

const group = "any.example.com";
/** The same requests each time, so that a failure is the change's; take another seed, and more runs, to look for new ones. */
const seed = 20260;

describe("any request", () => {
  let server: ApiServer;
  let transport: Transport;
  const unexpected: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object) => void unexpected.push(JSON.stringify(fields)),
  };

  beforeAll(async () => {
    server = await createApiServer({ clock: createVirtualClock(), log });
    transport = server.transport();
    const api = apiOf(transport);
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await api.make(definitions, definition(group));
    const watch = api.watch(definitions);
    await watch.until(({ object }) => object.status?.conditions?.[1]?.status === "True");
    watch.stop();
  });
  afterAll(() => server.stop());

  const words = fc.constantFrom(
    ...[
      "api",
      "apis",
      "v1",
      "v2",
      "apps",
      "namespaces",
      "default",
      "pods",
      "deployments",
      "configmaps",
      "services",
      "a",
    ],
    ...[
      "status",
      "scale",
      "log",
      "eviction",
      "binding",
      "exec",
      "finalize",
      "token",
      "watch",
      "widgets",
      group,
      "events",
    ],
    ...[
      "customresourcedefinitions",
      "apiextensions.k8s.io",
      "openapi",
      "v3",
      "healthz",
      "version",
      "..",
      "%2e",
      "%",
      "%00",
    ],
    ...[
      "rbac.authorization.k8s.io",
      "clusterroles",
      "authorization.k8s.io",
      "selfsubjectaccessreviews",
      "bindings",
      "",
    ],
  );
  const known = fc.constantFrom(
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/configmaps/a",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/pods/a",
    "/api/v1/namespaces/default/pods/a/status",
    "/api/v1/namespaces/default/pods/a/eviction",
    "/api/v1/namespaces/default/pods/a/binding",
    "/api/v1/namespaces/default/pods/a/ephemeralcontainers",
    "/api/v1/namespaces/default/services",
    "/api/v1/namespaces/default/services/a",
    "/api/v1/namespaces/default/events",
    "/api/v1/namespaces/default/serviceaccounts/default/token",
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/apps/v1/namespaces/default/deployments/a",
    "/apis/apps/v1/namespaces/default/deployments/a/scale",
    `/apis/${group}/v1/namespaces/default/widgets`,
    `/apis/${group}/v1/namespaces/default/widgets/a`,
    `/apis/${group}/v1/namespaces/default/widgets/a/status`,
    "/apis/coordination.k8s.io/v1/namespaces/default/leases/a",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    "/apis/batch/v1/namespaces/default/cronjobs",
    "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
  );
  const path = fc.oneof(
    { weight: 3, arbitrary: known },
    { weight: 1, arbitrary: fc.array(words, { maxLength: 7 }).map((parts) => `/${parts.join("/")}`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((text) => `/${text}`) },
  );
  const parameter = fc.tuple(
    fc.constantFrom(
      ...["limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "dryRun"],
      ...["fieldManager", "fieldValidation", "force", "propagationPolicy", "gracePeriodSeconds", "orphanDependents"],
      ...["pretty", "timeout", "includeObject", "container", "hash", "sendInitialEvents"],
    ),
    fc.oneof(
      fc.constantFrom(
        "1",
        "0",
        "-1",
        "All",
        "true",
        "false",
        "m",
        "Strict",
        "Exact",
        "99999999999999999999",
        "a=b",
        "metadata.name=a",
      ),
      fc.string({ maxLength: 10 }),
    ),
  );
  const query = fc
    .array(parameter, { maxLength: 4 })
    .map((pairs) => (pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`));

  const whole: readonly object[] = [
    configMap("a", { k: "v" }),
    pod("a"),
    deployment("a"),
    widget(group, "a", { size: 1 }),
    { metadata: { name: "a" }, spec: { ports: [{ port: 80 }] } },
    { spec: { replicas: 3 } },
    { target: { name: "n" } },
  ];
  const junk = fc.json({ maxDepth: 4 });
  /** An object with one of its parts replaced by anything. */
  const damaged = fc
    .tuple(fc.constantFrom(...whole), fc.array(fc.nat(5), { maxLength: 6 }), fc.jsonValue({ maxDepth: 2 }))
    .map(([object, steps, value]) => {
      const copy = structuredClone(object) as Record<string, unknown>;
      let at = copy;
      for (const step of steps) {
        const keys = Object.keys(at);
        const key = keys[step % keys.length];
        if (key === undefined) break;
        const next = at[key];
        if (next === null || typeof next !== "object" || step === 0) {
          at[key] = value;
          break;
        }
        at = next as Record<string, unknown>;
      }
      return JSON.stringify(copy);
    });
  const patches = fc
    .array(
      fc.record({
        op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "odd"),
        path: fc.constantFrom(
          "",
          "/",
          "/metadata",
          "/metadata/labels/a",
          "/spec/replicas",
          "/spec/template/spec/containers/0",
          "/spec/template/spec/containers/-",
          "/metadata/name",
          "x",
        ),
        from: fc.constantFrom("/metadata", "/spec", "/none"),
        value: fc.jsonValue({ maxDepth: 2 }),
      }),
      { maxLength: 4 },
    )
    .map((operations) => JSON.stringify(operations));
  const directives = fc
    .tuple(
      fc.constantFrom(
        "$patch",
        "$retainKeys",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
        "containers",
        "finalizers",
        "ownerReferences",
        "managedFields",
        "labels",
      ),
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom("metadata", "spec", "data"),
    )
    .map(([key, value, where]) => JSON.stringify({ [where]: { [key]: value } }));
  const body = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(...whole.map((object) => JSON.stringify(object))),
    damaged,
    damaged,
    patches,
    directives,
    junk,
    fc.string(),
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from([0x6b, 0x38, 0x73, 0, ...bytes])),
  );
  const contentType = fc.constantFrom(
    undefined,
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "text/odd",
    ";",
  );
  const accept = fc.constantFrom(
    undefined,
    "*/*",
    "application/yaml",
    "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    "text/html",
    "nonsense,;q=x",
  );
  const method = fc.constantFrom(
    "GET",
    "GET",
    "POST",
    "POST",
    "PUT",
    "PATCH",
    "PATCH",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "ODD",
  );

  /** Errors that upstream has as plain 500 too. */
  const plain = [
    /resourceVersion should not be set on objects to be created/,
    /failed to create typed patch object|failed to create typed live object|field not declared in schema|duplicate entries for key/,
    /merge key|must be merge, replace or delete|does not match \$setElementOrder|only objects or only scalars/,
    /the spec replicas field/,
    /more than one PodDisruptionBudget/,
  ];

  it("is answered well, and with 500 only where upstream does so", async () => {
    const request = fc.record({ method, path, query, body, contentType, accept });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, body, contentType, accept }) => {
        const answer = await apiOf(transport).send(method, path + query, body, {
          "content-type": contentType as string,
          accept: accept as string,
        });
        wellFormed(method, answer);
        if (answer.status === 500) expect(plain.some((text) => text.test(answer.text))).toBe(true);
      }),
      { numRuns: 4000, seed },
    );
    expect(unexpected).toEqual([]);
  }, 120_000);

  /** Objects there are, and where they are. */
  const stored = [
    ["/api/v1/namespaces/default/configmaps", configMap("a", { k: "v" })],
    ["/api/v1/namespaces/default/pods", pod("a")],
    ["/api/v1/namespaces/default/services", { metadata: { name: "a" }, spec: { ports: [{ port: 80 }] } }],
    ["/apis/apps/v1/namespaces/default/deployments", deployment("a")],
    [`/apis/${group}/v1/namespaces/default/widgets`, widget(group, "a", { size: 1, tags: ["x"], replicas: 1 })],
    ["/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("a.example.com")],
    ["/apis/rbac.authorization.k8s.io/v1/clusterroles", { metadata: { name: "a" }, rules: [] }],
    [
      "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
      { metadata: { name: "a" }, spec: { maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "a" } } },
    ],
    [
      "/apis/events.k8s.io/v1/namespaces/default/events",
      {
        metadata: { name: "a" },
        regarding: { kind: "Pod", name: "p", namespace: "default" },
        reason: "R",
        action: "A",
        type: "Normal",
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "x.io/c",
        reportingInstance: "i",
      },
    ],
    [
      "/apis/batch/v1/namespaces/default/cronjobs",
      {
        metadata: { name: "a" },
        spec: {
          schedule: "* * * * *",
          jobTemplate: {
            spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } },
          },
        },
      },
    ],
  ] as const;
  const nameIn = (path: string): string => (path.endsWith("definitions") ? "widgets.a.example.com" : "a");
  const part = fc.constantFrom("", "", "", "/status", "/scale");

  /** Values that trip code which takes objects of strangers for its own. */
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(
      null,
      "",
      0,
      -1,
      1e300,
      [],
      {},
      [null],
      [[]],
      { toString: false },
      { valueOf: 1 },
      { constructor: {} },
    ),
    fc
      .constantFrom("__proto__", "constructor", "toString")
      .map((key) => JSON.parse(`{${JSON.stringify(key)}:{"a":null}}`)),
  );
  /** Damage at any depth: a value replaced, a key renamed, an item doubled. */
  const damage = fc.record({
    at: fc.array(fc.nat(9), { maxLength: 8 }),
    value: anything,
    how: fc.constantFrom("replace", "rename", "double"),
  });
  function damagedBy(object: unknown, { at, value, how }: { at: number[]; value: unknown; how: string }): unknown {
    const [step, ...rest] = at;
    if (object === null || typeof object !== "object" || step === undefined) return how === "replace" ? value : object;
    const keys = Object.keys(object);
    const key = keys[step % Math.max(1, keys.length)];
    if (key === undefined) return value;
    const child = (object as Record<string, unknown>)[key];
    if (rest.length === 0 && how === "rename") return { ...object, [`${key}x`]: child };
    if (Array.isArray(object)) {
      if (rest.length === 0 && how === "double") return [...object, child];
      return object.map((item, index) => (String(index) === key ? damagedBy(item, { at: rest, value, how }) : item));
    }
    return { ...object, [key]: damagedBy(child, { at: rest, value, how }) };
  }
  const write = fc.record({
    where: fc.constantFrom(...stored),
    part,
    damages: fc.array(damage, { minLength: 0, maxLength: 3 }),
    verb: fc.constantFrom("create", "replace", "merge", "strategic", "apply", "json", "part"),
    operations: patches,
    fragment: directives,
    query: fc.constantFrom("", "", "fieldValidation=Strict", "dryRun=All", "force=true"),
  });

  it("leaves a server that answers, whatever is written", async () => {
    const api = apiOf(transport);
    await fc.assert(
      fc.asyncProperty(write, async ({ where, part, damages, verb, operations, fragment, query }) => {
        const [collection, object] = where;
        const name = nameIn(collection);
        const path = `${collection}/${name}`;
        if ((await api.get(path)).status === 404) await api.post(collection, object);
        const present = (await api.get(path)).body;
        const base = verb === "create" ? { ...object, metadata: { generateName: "x-" } } : present;
        const sent = damages.reduce<unknown>(damagedBy, base);
        const target = `${path}${part}?${verb === "apply" ? "fieldManager=m&" : ""}${query}`;
        const answers = {
          create: () => api.post(`${collection}?${query}`, JSON.stringify(sent)),
          replace: () => api.put(target, JSON.stringify(sent)),
          merge: () => api.patch(target, JSON.stringify(sent), "merge"),
          strategic: () => api.patch(target, JSON.stringify(sent), "strategic"),
          apply: () => api.patch(target, JSON.stringify(withoutOwners(sent)), "apply"),
          json: () => api.patch(target, operations, "json"),
          part: () => api.patch(target, fragment, collection.includes(group) ? "merge" : "strategic"),
        };
        const answer = await answers[verb as keyof typeof answers]();
        wellFormed("WRITE", answer);
        if (answer.status === 500)
          expect([answer.text, plain.some((text) => text.test(answer.text))]).toEqual([answer.text, true]);
        // What is stored can be read in every form.
        for (const accept of ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml"]) {
          const list = await api.get(collection, { accept });
          expect([list.status, list.status === 200 ? "" : list.text]).toEqual([200, ""]);
        }
        await api.delete(collection.endsWith("definitions") ? path : collection, {
          gracePeriodSeconds: 0,
          propagationPolicy: "Background",
        });
        await api.patch(path, { metadata: { finalizers: null } });
      }),
      { numRuns: 3000, seed },
    );
    expect(unexpected).toEqual([]);
  }, 120_000);

  function withoutOwners(object: unknown): unknown {
    const metadata = (object as { metadata?: unknown } | null)?.metadata;
    if (metadata === null || typeof metadata !== "object") return object;
    return { ...(object as object), metadata: { ...metadata, managedFields: undefined, resourceVersion: undefined } };
  }

  function wellFormed(method: string, answer: Answer): void {
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect(answer.status).toBeLessThan(600);
    expect(answer.headers["audit-id"]).toBeTruthy();
    if (method === "HEAD") {
      expect(answer.text).toBe("");
      return;
    }
    const type = answer.headers["content-type"] ?? "";
    if (type.startsWith("application/json")) {
      const { body } = answer;
      if (answer.status >= 400) expect(body).toMatchObject({ kind: "Status", status: "Failure", code: answer.status });
    } else if (answer.status >= 400) {
      expect([404, 405, 500]).toContain(answer.status);
    }
  }
});
