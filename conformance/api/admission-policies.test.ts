import type { JsonObject } from "@homeostat/api";
import { expect, it } from "vitest";
import { configMap, definition, deployment, widget } from "./objects.ts";
import { behaviours, type World } from "./suite.ts";
import { configMapWrites, registration } from "./webhook-host.ts";

const policies = `${registration}/validatingadmissionpolicies`;
const bindings = `${registration}/validatingadmissionpolicybindings`;

behaviours("admission policies", (world: World) => {
  let made = 0;
  const policyOf = (name: string, spec: object): JsonObject =>
    ({
      metadata: { name },
      spec: { matchConstraints: { resourceRules: [configMapWrites] }, ...spec },
    }) as JsonObject;

  /** Registers a policy that is bound to one namespace. */
  const register = async (namespace: string, spec: object, binding: object = {}) => {
    const name = `policy-${++made}`;
    await world.api.make(policies, policyOf(name, spec));
    await world.api.make(bindings, {
      metadata: { name: `${name}-binding` },
      spec: {
        policyName: name,
        validationActions: ["Deny"],
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
        ...binding,
      },
    } as JsonObject);
    return {
      name,
      denied: `ValidatingAdmissionPolicy '${name}' with binding '${name}-binding' denied request`,
      async remove() {
        await world.api.delete(`${bindings}/${name}-binding`);
        await world.api.delete(`${policies}/${name}`);
      },
    };
  };
  /** The outcome of creating a ConfigMap under validations. */
  const trying = async (spec: object, object: JsonObject = configMap("c", { a: "b" }), binding: object = {}) => {
    const ns = await world.namespace();
    const policy = await register(ns.name, spec, binding);
    const answer = await world.api.post(`${ns.core}/configmaps`, object);
    await policy.remove();
    return { answer, policy, ns };
  };

  it("B230 refuses what a bound policy does not allow, and nothing without a binding", async () => {
    const ns = await world.namespace();
    const validations = [{ expression: "object.data.a == 'good'" }];
    await world.api.make(policies, policyOf("unbound", { validations }));
    await world.api.make(`${ns.core}/configmaps`, configMap("before", { a: "bad" }));
    await world.api.delete(`${policies}/unbound`);
    const policy = await register(ns.name, { validations });
    const other = await world.namespace();
    const post = async (core: string, name: string, a: string) =>
      (await world.api.post(`${core}/configmaps`, configMap(name, { a }))).status;
    const codes = [
      await post(ns.core, "x", "bad"),
      await post(ns.core, "y", "good"),
      await post(other.core, "z", "bad"),
    ];
    const update = await world.api.patch(`${ns.core}/configmaps/y`, { data: { a: "bad" } });
    await policy.remove();
    expect([codes, update.status]).toEqual([[422, 201, 201], 422]);
    expect(await post(ns.core, "x", "bad")).toBe(201);
  });

  it("B231 tells who refused and why, with the reason of the validation", async () => {
    const cases: readonly [object, number, string, string][] = [
      [{ expression: "false" }, 422, "Invalid", "failed expression: false"],
      [{ expression: "false", message: "never", reason: "Forbidden" }, 403, "Forbidden", "never"],
      [{ expression: "false", messageExpression: "'not ' + object.metadata.name" }, 422, "Invalid", "not c"],
      [{ expression: "false", message: "m", messageExpression: "object.data.x" }, 422, "Invalid", "m"],
      [{ expression: "false", reason: "Unauthorized" }, 401, "Unauthorized", "failed expression: false"],
      [
        { expression: "false", reason: "RequestEntityTooLarge" },
        413,
        "RequestEntityTooLarge",
        "failed expression: false",
      ],
    ];
    for (const [validation, code, reason, text] of cases) {
      const { answer, policy } = await trying({ validations: [{ expression: "true" }, validation] });
      const why = `${policy.denied}: ${text}`;
      expect([answer.status, answer.body.reason, answer.body.code]).toEqual([code, reason, code]);
      expect(answer.body.message).toBe(`configmaps "c" is forbidden: ${why}`);
      expect(answer.body.details).toEqual({ name: "c", kind: "configmaps", causes: [{ message: why }] });
    }
  });

  it("B231 warns, or notes, where the binding says so", async () => {
    const spec = { validations: [{ expression: "false", message: "careful" }] };
    const warned = await trying(spec, undefined, { validationActions: ["Warn", "Audit"] });
    expect([warned.answer.status, warned.answer.headers["warning"]]).toEqual([
      201,
      `299 - "Validation failed for ValidatingAdmissionPolicy '${warned.policy.name}' with binding '${warned.policy.name}-binding': careful"`,
    ]);
    const noted = await trying(spec, undefined, { validationActions: ["Audit"] });
    expect([noted.answer.status, noted.answer.headers["warning"]]).toEqual([201, undefined]);
  });

  it("B230 does as the failure policy says where an expression fails", async () => {
    const validations = [{ expression: "object.data.missing == 'x'" }];
    const failed = await trying({ validations });
    expect([failed.answer.status, failed.answer.body.message]).toEqual([
      422,
      `configmaps "c" is forbidden: ${failed.policy.denied}: expression 'object.data.missing == 'x'' resulted in error: no such key: missing`,
    ]);
    expect((await trying({ validations, failurePolicy: "Ignore" })).answer.status).toBe(201);
  });

  it("B230 excludes resources and honours match conditions", async () => {
    const validations = [{ expression: "false" }];
    const excludeResourceRules = [{ ...configMapWrites, resourceNames: ["spared"] }];
    const matchConstraints = { resourceRules: [configMapWrites], excludeResourceRules };
    const excluded = await trying({ validations, matchConstraints }, configMap("spared"));
    const refused = await trying({ validations, matchConstraints }, configMap("other"));
    const matchConditions = [{ name: "only-b", expression: "object.metadata.name == 'b'" }];
    const skipped = await trying({ validations, matchConditions }, configMap("a"));
    const met = await trying({ validations, matchConditions }, configMap("b"));
    expect([excluded, refused, skipped, met].map(({ answer }) => answer.status)).toEqual([201, 422, 201, 422]);
  });

  it.runIf(world.ours)("B209 gives expressions the request, the old object, the namespace and variables", async () => {
    const ns = await world.namespace();
    await world.api.patch(`/api/v1/namespaces/${ns.name}`, { metadata: { labels: { tier: "gold" } } });
    const policy = await register(ns.name, {
      variables: [
        { name: "size", expression: "has(object.data) ? size(object.data) : 0" },
        { name: "twice", expression: "variables.size * 2" },
      ],
      validations: [
        {
          expression:
            "request.operation == 'CREATE' ? oldObject == null : oldObject.metadata.name == object.metadata.name",
        },
        { expression: "namespaceObject.metadata.labels['tier'] == 'gold'" },
        { expression: "request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'" },
        {
          expression:
            "request.userInfo.username == 'kubernetes-admin' && request.namespace == namespaceObject.metadata.name",
        },
        { expression: "request.dryRun == false && request.options.kind.endsWith('Options')" },
        { expression: "variables.twice < 4", messageExpression: "'twice is ' + string(variables.twice)" },
      ],
    });
    const maps = `${ns.core}/configmaps`;
    const created = await world.api.post(maps, configMap("c", { a: "1" }));
    const updated = await world.api.patch(`${maps}/c`, { metadata: { labels: { a: "b" } } });
    const refused = await world.api.patch(`${maps}/c`, { data: { b: "2" } });
    await policy.remove();
    expect([created.status, updated.status, refused.status]).toEqual([201, 200, 422]);
    expect(refused.body.message).toContain(": twice is 4");
  });

  it("B209 shows what is deleted as the old object", async () => {
    const ns = await world.namespace();
    const matchConstraints = { resourceRules: [{ ...configMapWrites, operations: ["DELETE"] }] };
    const validations = [{ expression: "object == null && oldObject.metadata.name != 'kept'" }];
    const policy = await register(ns.name, { matchConstraints, validations });
    const codes = [];
    for (const name of ["kept", "free"]) {
      await world.api.make(`${ns.core}/configmaps`, configMap(name));
      codes.push((await world.api.delete(`${ns.core}/configmaps/${name}`)).status);
    }
    await policy.remove();
    expect(codes).toEqual([422, 200]);
  });

  it("B209 lets expressions ask what the user may do", async () => {
    const ns = await world.namespace();
    const may = "authorizer.group('').resource('secrets').namespace(request.namespace).check('get')";
    const policy = await register(ns.name, {
      validations: [
        { expression: `${may}.allowed() || authorizer.requestResource.check('delete').allowed()`, message: "may not" },
        { expression: "!authorizer.serviceAccount('default', 'nobody').path('/x').check('get').allowed()" },
      ],
    });
    const jane = { username: "jane", groups: ["system:authenticated"] };
    const grant = async (name: string, rules: object[]) => {
      const rbac = ns.path("rbac.authorization.k8s.io/v1");
      await world.api.make(`${rbac}/roles`, { metadata: { name }, rules } as JsonObject);
      await world.api.make(`${rbac}/rolebindings`, {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" }],
      });
    };
    await grant("create", [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create"] }]);
    const refused = await world.as(jane).post(`${ns.core}/configmaps`, configMap("c"));
    await grant("read", [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }]);
    const allowed = await world.as(jane).post(`${ns.core}/configmaps`, configMap("c"));
    await policy.remove();
    expect([refused.status, allowed.status]).toEqual([422, 201]);
    expect(refused.body.message).toContain(": may not");
  });

  it("B230 B232 takes parameters from the namespace of the request", async () => {
    const ns = await world.namespace();
    const spec = {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConstraints: { resourceRules: [{ ...configMapWrites, resources: ["secrets"] }] },
      validations: [{ expression: "size(object.metadata.name) <= int(params.data.max)" }],
    };
    const paramRef = { name: "limits", parameterNotFoundAction: "Deny" };
    const policy = await register(ns.name, spec, { paramRef });
    const post = async (name: string) => world.api.post(`${ns.core}/secrets`, { metadata: { name } });
    const without = await post("abc");
    await world.api.make(`${ns.core}/configmaps`, configMap("limits", { max: "3" }));
    const codes = [(await post("abc")).status, (await post("abcd")).status];
    await policy.remove();
    expect([without.status, without.body.message]).toEqual([
      422,
      `secrets "abc" is forbidden: ${policy.denied}: failed to configure binding: no params found for policy binding with \`Deny\` parameterNotFoundAction`,
    ]);
    expect(codes).toEqual([201, 422]);
  });

  it("B230 takes parameters of any kind, by name and by label, and goes on without them where it may", async () => {
    const ns = await world.namespace();
    const group = "limits.example.com";
    await world.define(definition(group, { scope: "Cluster" }));
    const spec = {
      paramKind: { apiVersion: `${group}/v1`, kind: "Widget" },
      validations: [{ expression: "size(object.data) <= params.spec.size" }],
    };
    const selector = { matchLabels: { for: ns.name } };
    const policy = await register(ns.name, spec, { paramRef: { selector, parameterNotFoundAction: "Allow" } });
    const post = async (name: string) =>
      (await world.api.post(`${ns.core}/configmaps`, configMap(name, { a: "1", b: "2" }))).status;
    const codes = [await post("a")];
    for (const [name, size] of [
      ["wide", 5],
      ["narrow", 1],
    ] as const) {
      await world.api.make(`/apis/${group}/v1/widgets`, widget(group, name, { size }, { labels: { for: ns.name } }));
      codes.push(await post(name));
    }
    await policy.remove();
    expect(codes).toEqual([201, 201, 422]);
  });

  it("B232 refuses cluster-scoped requests that need parameters of a namespace", async () => {
    const rule = { operations: ["CREATE"], apiGroups: ["rbac.authorization.k8s.io"], apiVersions: ["v1"] };
    const name = "needs-namespace";
    await world.api.make(
      policies,
      policyOf(name, {
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConstraints: { resourceRules: [{ ...rule, resources: ["clusterroles"], resourceNames: ["refused"] }] },
        validations: [{ expression: "true" }],
      }),
    );
    const paramRef = { name: "p", parameterNotFoundAction: "Allow" };
    await world.api.make(bindings, {
      metadata: { name },
      spec: { policyName: name, validationActions: ["Deny"], paramRef },
    });
    const { status, body } = await world.api.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "refused" },
      rules: [],
    });
    await world.api.delete(`${bindings}/${name}`);
    await world.api.delete(`${policies}/${name}`);
    expect([status, body.message]).toEqual([422, expect.stringContaining("cannot use namespaced paramRef")]);
  });

  it("B225 never holds policies against their own kinds, nor against reviews", async () => {
    const name = "all";
    const rule = { operations: ["*"], apiVersions: ["*"], resources: ["*/*"] };
    const resourceRules = [
      { ...rule, apiGroups: ["admissionregistration.k8s.io"] },
      { ...rule, apiGroups: ["authorization.k8s.io"] },
    ];
    await world.api.make(
      policies,
      policyOf(name, { matchConstraints: { resourceRules }, validations: [{ expression: "false" }] }),
    );
    await world.api.make(bindings, { metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } });
    const review = { spec: { resourceAttributes: { verb: "get", resource: "pods" } } };
    const asked = await world.api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
    const gone = await world.api.delete(`${bindings}/${name}`);
    await world.api.delete(`${policies}/${name}`);
    expect([asked.status, gone.status]).toEqual([201, 200]);
  });

  it("B230 evaluates policies on custom objects at the version they name", async () => {
    const group = "judged.example.com";
    await world.define(definition(group, { versions: [{ name: "v1" }, { name: "v2" }] }));
    const ns = await world.namespace();
    const rule = { operations: ["CREATE"], apiGroups: [group], apiVersions: ["v1"], resources: ["widgets"] };
    const policy = await register(ns.name, {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: "object.apiVersion.endsWith('/v1') && object.spec.size < 10" }],
    });
    const post = async (size: number) =>
      (await world.api.post(`${ns.path(`${group}/v2`)}/widgets`, { metadata: { name: `w${size}` }, spec: { size } }))
        .status;
    const codes = [await post(1), await post(10)];
    await policy.remove();
    expect(codes).toEqual([201, 422]);
  });

  it("B207 ends expressions that cost too much", async () => {
    const expensive = "range.all(a, range.all(b, range.all(c, a + b + c >= 0)))".replaceAll(
      "range",
      "lists.range(200)",
    );
    const { answer } = await trying({ validations: [{ expression: expensive }] });
    expect([answer.status, answer.body.message]).toEqual([422, expect.stringContaining("running out of cost budget")]);
  });

  it("B230 refuses policies whose expressions do not compile, each at its place", async () => {
    const spec = {
      variables: [{ name: "v", expression: "nobody" }],
      matchConditions: [{ name: "m", expression: "'text'" }],
      validations: [
        { expression: "object.", messageExpression: "1" },
        { expression: "variables.unknown" },
        { expression: "request.wrong == 'x'" },
        { expression: "params.x == 1" },
      ],
      auditAnnotations: [{ key: "k", valueExpression: "true" }],
    };
    const { status, body } = await world.api.post(policies, policyOf("wrong", spec));
    expect(status).toBe(422);
    expect(body.details.causes.map(({ field }: { field: string }) => field)).toEqual([
      "spec.variables[0].expression",
      "spec.matchConditions[0].expression",
      "spec.validations[0].expression",
      "spec.validations[0].messageExpression",
      "spec.validations[1].expression",
      "spec.validations[2].expression",
      "spec.validations[3].expression",
      "spec.auditAnnotations[0].valueExpression",
    ]);
    expect(body.message).toContain("must evaluate to bool");
  });

  it("B233 says in the status which expressions do not fit the types they are about", async () => {
    const rule = { operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] };
    const name = `typed-${++made}`;
    await world.api.make(
      policies,
      policyOf(name, {
        matchConstraints: { resourceRules: [rule] },
        validations: [
          { expression: "object.spec.replicas > 1" },
          { expression: "object.spec.replicas > '1'", message: "wrong" },
          { expression: "object.spec.maxReplicas > 1", messageExpression: "object.missing.name" },
        ],
      }),
    );
    const watch = world.api.watch(`${policies}?fieldSelector=metadata.name%3D${name}`);
    const lines = await watch.until(({ object }) => object.status?.observedGeneration === 1);
    watch.stop();
    const { typeChecking } = lines.at(-1)!.object.status;
    expect(typeChecking.expressionWarnings.map(({ fieldRef }: { fieldRef: string }) => fieldRef)).toEqual([
      "spec.validations[1].expression",
      "spec.validations[2].expression",
      "spec.validations[2].messageExpression",
    ]);
    expect(typeChecking.expressionWarnings[0].warning).toMatch(/^apps\/v1, Kind=Deployment: /);
    // It counts all the same.
    const ns = await world.namespace();
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
  });

  /** The ConfigMap that comes out of mutations. */
  const mutated = async (mutations: object[], spec: object = {}, sent = configMap("c", { a: "1" })) => {
    const ns = await world.namespace();
    const name = `mutation-${++made}`;
    const path = `${registration}/mutatingadmissionpolicies`;
    const policy = { failurePolicy: "Fail", reinvocationPolicy: "Never", mutations, ...spec };
    await world.api.make(path, policyOf(name, policy));
    await world.api.make(`${path.replace("policies", "policybindings")}`, {
      metadata: { name },
      spec: {
        policyName: name,
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": ns.name } } },
      },
    });
    const answer = await world.api.post(`${ns.core}/configmaps`, sent);
    await world.api.delete(`${path.replace("policies", "policybindings")}/${name}`);
    await world.api.delete(`${path}/${name}`);
    return { answer, name };
  };
  const applying = (expression: string) => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
  const patching = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });

  it("B234 merges apply configurations and applies patches, each on what the others made", async () => {
    const variables = [{ name: "label", expression: "'from-' + request.operation.lowerAscii()" }];
    const { answer } = await mutated(
      [
        applying('Object{metadata: Object.metadata{labels: {"made": variables.label}}, data: {"b": "2"}}'),
        patching(`[
          JSONPatch{op: "test", path: "/data/b", value: "2"},
          JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/x"), value: object.data["b"] + "x"}
        ]`),
        applying("object.data.a == '1' ? Object{data: {'a': string(size(object.data))}} : Object{}"),
      ],
      { variables },
    );
    expect([answer.status, answer.body.data]).toEqual([201, { a: "2", b: "2" }]);
    expect(answer.body.metadata.labels).toEqual({ made: "from-create", "example.com/x": "2x" });
  });

  it("B234 leaves optional entries out where they have no value, and knows escaped names", async () => {
    const { answer } = await mutated([
      applying(
        `Object{
          ?data: object.?data.optMap(d, {"kept": d["a"], ?"no": object.data[?"missing"], ?"b": optional.of("2")}),
          metadata: Object.metadata{?labels: object.metadata.?labels, ?annotations: optional.of({"x": "y"})}
        }`,
      ),
      applying('Object{metadata: Object.metadata{finalizers: [?optional.none(), ?optional.of("example.com/f")]}}'),
    ]);
    expect([answer.status, answer.body.data]).toEqual([201, { a: "1", kept: "1", b: "2" }]);
    const { labels, annotations, finalizers } = answer.body.metadata;
    expect([labels, annotations, finalizers]).toEqual([undefined, { x: "y" }, ["example.com/f"]]);
    const named = await mutated([
      applying('Object{data: Object.data{a__dash__b: "1", __namespace__: "2", `c/d`: "3"}}'),
    ]);
    // A key with a slash is none of a ConfigMap's, so that it was understood.
    expect([named.answer.status, named.answer.body.message]).toEqual([422, expect.stringContaining("data[c/d]")]);
    const fine = await mutated([
      applying('Object{data: Object.data{a__dash__b: "1", __namespace__: "2", `c.d`: "3"}}'),
    ]);
    expect(fine.answer.body.data).toEqual({ a: "1", "a-b": "1", namespace: "2", "c.d": "3" });
  });

  it("B234 changes only what its match conditions let it, and fails as its policy says", async () => {
    const matchConditions = [{ name: "no", expression: "object.metadata.name == 'other'" }];
    const wrong = patching('[JSONPatch{op: "remove", path: "/data/missing"}]');
    const skipped = await mutated([wrong], { matchConditions });
    const ignored = await mutated([wrong], { failurePolicy: "Ignore" });
    const failed = await mutated([wrong]);
    expect([skipped, ignored, failed].map(({ answer }) => answer.status)).toEqual([201, 201, 422]);
    expect(failed.answer.body.message).toContain(
      `configmaps "c" is forbidden: policy '${failed.name}' with binding '${failed.name}' denied request: `,
    );
  });

  it("B234 refuses mutations that do not compile", async () => {
    const path = `${registration}/mutatingadmissionpolicies`;
    const mutations = [applying("Object{data: nobody}"), patching("")];
    const policy = { reinvocationPolicy: "Never", mutations };
    const { status, body } = await world.api.post(path, policyOf("wrong", policy));
    expect([status, body.details.causes.map(({ field }: { field: string }) => field)]).toEqual([
      422,
      ["spec.mutations[0].applyConfiguration.expression", "spec.mutations[1].jsonPatch.expression"],
    ]);
  });
});
