import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("what can be done to built-in kinds", (world) => {
  const bindingTo = (name: string, node: string) => ({
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name },
    target: { apiVersion: "v1", kind: "Node", name: node },
  });
  const eviction = (name: string) => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });

  it.runIf(world.alone)("B297 puts a pod on a node, once", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p"));
    const path = `${ns.core}/pods/p`;
    expect((await world.api.post(`${path}/binding`, bindingTo("p", "node-1"))).status).toBe(201);
    const { body } = await world.api.get(path);
    expect([body.spec.nodeName, body.status.conditions]).toMatchObject([
      "node-1",
      [{ type: "PodScheduled", status: "True" }],
    ]);
    const again = await world.api.post(`${path}/binding`, bindingTo("p", "node-2"));
    expect([again.status, again.body.reason]).toEqual([409, "Conflict"]);
  });

  it.runIf(world.alone)("B296 B299 evicts a pod, and says on it why it goes", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p", { nodeName: "node-1" }));
    await world.api.patch(`${ns.core}/pods/p/status`, { status: { phase: "Running" } });
    const { status, body } = await world.api.post(`${ns.core}/pods/p/eviction`, eviction("p"));
    expect([status, body.kind, body.status]).toEqual([201, "Status", "Success"]);
    const going = (await world.api.get(`${ns.core}/pods/p`)).body;
    expect(going.metadata.deletionGracePeriodSeconds).toBe(30);
    expect(going.status.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }),
    );
  });

  it.runIf(world.alone)("B296 keeps pods as far as a budget demands", async () => {
    const ns = await world.namespace();
    const budgets = `${ns.path("policy/v1")}/poddisruptionbudgets`;
    const budget = (name: string) =>
      world.api.make(budgets, {
        metadata: { name },
        spec: { minAvailable: 1, selector: { matchLabels: { app: "a" } } },
      });
    const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    for (const name of ["a", "b"]) {
      await world.api.make(`${ns.core}/pods`, pod(name, { nodeName: "node-1" }, { labels: { app: "a" } }));
      await world.api.patch(`${ns.core}/pods/${name}/status`, { status: ready });
    }
    const made = await budget("one");
    const allow = (disruptionsAllowed: number) =>
      world.api.patch(`${budgets}/one/status`, {
        status: {
          observedGeneration: made.metadata.generation,
          disruptionsAllowed,
          currentHealthy: 1 + disruptionsAllowed,
          desiredHealthy: 1,
          expectedPods: 2,
        },
      });
    await allow(0);
    const held = await world.api.post(`${ns.core}/pods/a/eviction`, eviction("a"));
    expect([held.status, held.body.reason, held.body.details.causes[0].reason, "retry-after" in held.headers]).toEqual([
      429,
      "TooManyRequests",
      "DisruptionBudget",
      true,
    ]);
    await allow(1);
    expect((await world.api.post(`${ns.core}/pods/a/eviction`, eviction("a"))).status).toBe(201);
    expect((await world.api.get(`${budgets}/one`)).body.status.disruptionsAllowed).toBe(0);
    await budget("two");
    const several = await world.api.post(`${ns.core}/pods/b/eviction`, eviction("b"));
    expect([several.status, several.body.reason]).toEqual([500, "InternalError"]);
  });

  it.each(["deployments", "replicasets", "statefulsets"])("B298 shows and sets the scale of %s", async (plural) => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/${plural}`;
    const { selector, template } = deployment("d")["spec"] as never as { selector: object; template: object };
    await world.api.make(path, { metadata: { name: "d" }, spec: { replicas: 2, selector, template } as never });
    const { body } = await world.api.get(`${path}/d/scale`);
    expect([body.apiVersion, body.kind, body.spec, body.status.selector]).toEqual([
      "autoscaling/v1",
      "Scale",
      { replicas: 2 },
      "app=d",
    ]);
    const { generation } = (await world.api.get(`${path}/d`)).body.metadata;
    expect((await world.api.patch(`${path}/d/scale`, { spec: { replicas: 0 } })).status).toBe(200);
    const scaled = (await world.api.get(`${path}/d`)).body;
    expect([scaled.spec.replicas, scaled.metadata.generation]).toEqual([0, generation + 1]);
    const { body: zero } = await world.api.get(`${path}/d/scale`);
    const put = await world.api.put(`${path}/d/scale`, { ...zero, spec: { replicas: 1 } });
    expect([put.status, put.body.spec]).toEqual([200, { replicas: 1 }]);
  });

  it.runIf(world.alone)(
    "B299 resizes pods, adds ephemeral containers and shows logs through paths of their own",
    async () => {
      const ns = await world.namespace();
      const path = `${ns.core}/pods/p`;
      await world.api.make(`${ns.core}/pods`, pod("p", { nodeName: "node-1" }));
      const resources = { requests: { cpu: "10m" } };
      const direct = await world.api.patch(path, { spec: { containers: [{ name: "main", resources }] } }, "strategic");
      expect(direct.status).toBe(422);
      const ephemeral = { name: "debug", image: "example.com/debug:1" };
      const added = await world.api.patch(
        `${path}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [ephemeral] } },
        "strategic",
      );
      expect([added.status, added.body.spec.ephemeralContainers]).toMatchObject([200, [ephemeral]]);
      const log = await world.api.get(`${path}/log`);
      expect([log.status, log.headers["content-type"]]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    },
  );

  it("B257 keeps certificate requests, and signs none that nobody has approved", async () => {
    const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    const ns = await world.namespace();
    const name = `${ns.name}-unsigned`;
    const made = await world.api.make(path, {
      metadata: { name },
      spec: {
        signerName: "kubernetes.io/kube-apiserver-client",
        usages: ["client auth"],
        request: Buffer.from(csr).toString("base64"),
      },
    });
    expect(made.spec.groups).toContain("system:masters");
    const { body } = await world.api.get(`${path}?fieldSelector=spec.signerName%3Dkubernetes.io/kube-apiserver-client`);
    const found = body.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === name);
    expect(found.status).toEqual({});
    expect((await world.api.delete(`${path}/${name}`)).status).toBe(200);
  });

  it("B199 refuses definitions that would keep what they do not know, as older versions could", async () => {
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const old = definition("legacy.example.com") as { spec: object };
    const { status, body } = await world.api.post(path, { ...old, spec: { ...old.spec, preserveUnknownFields: true } });
    expect([status, body.details.causes.map(({ field }: { field: string }) => field)]).toEqual([
      422,
      ["spec.preserveUnknownFields"],
    ]);
  });

  it("B299 records the approval of a certificate request through a path of its own", async () => {
    const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    const ns = await world.namespace();
    const name = `${ns.name}-request`;
    const request = Buffer.from(csr).toString("base64");
    await world.api.make(path, {
      metadata: { name },
      spec: { signerName: "example.com/none", usages: ["client auth"], request },
    });
    const conditions = [{ type: "Approved", status: "True", reason: "Test", message: "m" }];
    const { body } = await world.api.get(`${path}/${name}`);
    const status = await world.api.put(`${path}/${name}/status`, { ...body, status: { conditions } });
    expect([status.status, status.body.details.causes[0].field]).toEqual([422, "status.conditions"]);
    expect((await world.api.get(`${path}/${name}`)).body.status.conditions).toBeUndefined();
    const approved = await world.api.put(`${path}/${name}/approval`, { ...body, status: { conditions } });
    expect(approved.status).toBe(200);
    const [condition] = (await world.api.get(`${path}/${name}`)).body.status.conditions;
    expect(condition).toEqual({
      ...conditions[0],
      lastUpdateTime: expect.stringMatching(/Z$/),
      lastTransitionTime: expect.stringMatching(/Z$/),
    });
  });

  it("B027 names what is forbidden, as far as it has a name", async () => {
    const ns = await world.namespace();
    const nobody = world.as({ username: "nobody-knows", groups: [] });
    const why = (verb: string) =>
      `User "nobody-knows" cannot ${verb} resource "configmaps" in API group "" in the namespace "${ns.name}"`;
    const list = await nobody.get(`${ns.core}/configmaps`);
    expect([list.status, list.body.reason, list.body.message, list.body.details]).toEqual([
      403,
      "Forbidden",
      `configmaps is forbidden: ${why("list")}`,
      { kind: "configmaps" },
    ]);
    const made = await nobody.post(`${ns.core}/configmaps`, configMap("a"));
    expect(made.body.message).toBe(`configmaps is forbidden: ${why("create")}`);
    const got = await nobody.get(`${ns.core}/configmaps/a`);
    expect([got.body.message, got.body.details]).toEqual([
      `configmaps "a" is forbidden: ${why("get")}`,
      { name: "a", kind: "configmaps" },
    ]);
  });

  it("B044 authorizes before it reads, and reads before it validates", async () => {
    const ns = await world.namespace();
    const nobody = world.as({ username: "nobody-knows", groups: [] });
    expect((await nobody.post(`${ns.core}/configmaps`, "{no json")).status).toBe(403);
    expect((await world.api.post(`${ns.core}/configmaps`, "{no json")).status).toBe(400);
    const unknown = await world.api.post(`${ns.core}/pods?fieldValidation=Strict`, {
      ...pod("UPPER", { containers: [] }),
      nothing: 1,
    });
    expect(unknown.status).toBe(400);
    expect((await world.api.post(`${ns.core}/pods`, pod("UPPER", { containers: [] }))).status).toBe(422);
    const stored = await world.api.post(`${ns.path("apps/v1")}/deployments`, {
      ...deployment("d"),
      status: { replicas: 9 },
    });
    expect([stored.status, stored.body.status, stored.body.metadata.generation]).toEqual([201, {}, 1]);
  });

  it("B058 has no status where the version has none", async () => {
    const group = "nostatus.example.com";
    await world.define(definition(group, { versions: [{ name: "v1", subresources: undefined }] }));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    await world.api.make(path, widget(group, "w"));
    expect((await world.api.get(`${path}/w/status`)).status).toBe(404);
    expect((await world.api.patch(`${path}/w/status`, { status: { phase: "x" } })).status).toBe(404);
    expect((await world.api.patch(`${path}/w`, { status: { phase: "x" } })).body.status).toEqual({ phase: "x" });
  });

  it("B093 tells watchers of the last state, at the revision of the deletion", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps`;
    const made = await world.api.make(path, configMap("a", { x: "1" }));
    const watch = world.api.watch(
      `${path}?fieldSelector=metadata.name%3Da&resourceVersion=${made.metadata.resourceVersion}`,
    );
    await watch.opened;
    await world.api.delete(`${path}/a`);
    const [line] = await watch.until(1);
    watch.stop();
    expect([line!.type, line!.object.data]).toEqual(["DELETED", { x: "1" }]);
    expect(Number(line!.object.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
  });

  it("B278 lets only the series of a modern event change", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("events.k8s.io/v1")}/events`;
    await world.api.make(path, {
      metadata: { name: "e" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "example.com/c",
      reportingInstance: "i",
      action: "A",
      reason: "R",
      type: "Normal",
      note: "n",
      regarding: { kind: "Pod", name: "p", namespace: ns.name },
    });
    const series = { count: 2, lastObservedTime: "2026-01-01T00:00:01.000000Z" };
    expect((await world.api.patch(`${path}/e`, { series })).status).toBe(200);
    expect((await world.api.patch(`${path}/e`, { note: "other" })).status).toBe(422);
    expect((await world.api.patch(`${ns.core}/events/e`, { message: "other" })).status).toBe(200);
  });

  it("B175 counts changes of a definition's spec, and keeps it established", async () => {
    const group = "counted.example.com";
    await world.define(definition(group));
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.${group}`;
    const changed = await world.api.patch(path, { spec: { names: { shortNames: ["wg"] } } });
    expect([changed.status, changed.body.metadata.generation]).toEqual([200, 2]);
    expect(changed.body.status.conditions).toContainEqual(
      expect.objectContaining({ type: "Established", status: "True" }),
    );
    const touched = await world.api.patch(`${path}/status`, { status: { storedVersions: ["v1"] } });
    expect(touched.body.metadata.generation).toBe(2);
  });

  it("B252 publishes the keys of service account tokens", async () => {
    const { body } = await world.api.get("/.well-known/openid-configuration");
    expect(body).toMatchObject({
      issuer: expect.stringMatching(/^https:/),
      jwks_uri: expect.stringMatching(/\/openid\/v1\/jwks$/),
      subject_types_supported: ["public"],
    });
    const jwks = await world.api.get("/openid/v1/jwks");
    expect(jwks.body.keys[0]).toMatchObject({ use: "sig", kid: expect.any(String), alg: expect.any(String) });
  });

  it("B241 knows its administrator, who may do everything", async () => {
    const review = await world.api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    expect(review.body.status.userInfo.groups).toContain("system:masters");
    const access = await world.api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      spec: { resourceAttributes: { verb: "*", group: "*", resource: "*" } },
    });
    expect(access.body.status.allowed).toBe(true);
  });
});

/** A request for `CN=test`, made once with OpenSSL. */
const csr = `-----BEGIN CERTIFICATE REQUEST-----
MIHIMHECAQAwDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABGmpQ4oqhDOMInWGU5cK3DXSUCwDk5umbJRvqiRi9AYOQx0IwE+eIXJd862B
Tz/r7aucKT+Ja6B9G4ecG+u32X2gADAKBggqhkjOPQQDAgNHADBEAiB7UtnnaZHa
PPwDHTTCUe1qDeCXUlX//v9A6IuZUBqXVgIgd5nsY8ACFlA6wOu6hWoGVtchZ6CM
59qD7NklUdUyU60=
-----END CERTIFICATE REQUEST-----
`;
