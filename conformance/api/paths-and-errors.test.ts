import { expect, it } from "vitest";
import { maxBodyBytes } from "../target.ts";
import { configMap, definition, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

behaviours("paths and errors", (world) => {
  it.each([
    "/nowhere",
    "/apis/none.example.com/v1/things",
    "/apis/apps/v9/deployments",
    "/api/v1/things",
    "/api/v1/namespaces/default/things/x",
    "/api/v1/namespaces/default/pods/x/nothing",
  ])("B005 answers %s with 404 in plain text", async (path) => {
    const answer = await world.api.get(path);
    expect([answer.status, answer.headers["content-type"]]).toEqual([404, "text/plain; charset=utf-8"]);
  });

  it("B005 B008 B022 answers a missing object with a Status", async () => {
    const answer = await world.api.get("/apis/apps/v1/namespaces/default/deployments/gone");
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'deployments.apps "gone" not found',
      reason: "NotFound",
      details: { name: "gone", group: "apps", kind: "deployments" },
      code: 404,
    });
  });

  it.each([
    ["POST", "/api/v1/namespaces/default/configmaps/x"],
    ["PUT", "/api/v1/namespaces/default/configmaps"],
    ["PATCH", "/api/v1/namespaces/default/configmaps"],
    ["PATCH", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x"],
    ["GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"],
    ["DELETE", "/api/v1/namespaces"],
  ])("B006 answers %s %s with 405", async (method, path) => {
    const answer = await world.api.send(method, path, "{}");
    expect([answer.status, answer.body.reason]).toEqual([405, "MethodNotAllowed"]);
  });

  it("B001 shows a namespace by its own path and lists it among all", async () => {
    const ns = await world.namespace();
    expect((await world.api.get(ns.core)).body.metadata.name).toBe(ns.name);
    const all = (await world.api.get("/api/v1/namespaces")).body;
    expect(all.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toContain(ns.name);
  });

  it("B001 lists the objects of all namespaces without one in the path", async () => {
    const [one, two] = [await world.namespace(), await world.namespace()];
    for (const ns of [one, two]) await world.api.make(`${ns.core}/configmaps`, configMap("everywhere"));
    const { items } = (await world.api.get("/api/v1/configmaps?fieldSelector=metadata.name%3Deverywhere")).body;
    expect(items.map((item: { metadata: { namespace: string } }) => item.metadata.namespace)).toEqual([
      one.name,
      two.name,
    ]);
  });

  it("B002 takes HEAD for a get without a body", async () => {
    const answer = await world.api.send("HEAD", "/api/v1/namespaces/default");
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  it("B010 reads YAML bodies, and JSON without a content type", async () => {
    const ns = await world.namespace();
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {a: b}\n";
    const yaml = await world.api.post(`${ns.core}/configmaps`, text, { "content-type": "application/yaml" });
    expect([yaml.status, yaml.body.data]).toEqual([201, { a: "b" }]);
    const plain = await world.api.post(`${ns.core}/configmaps`, JSON.stringify(configMap("j")), { "content-type": "" });
    expect(plain.status).toBe(201);
  });

  it("B010 refuses other bodies with 415, naming those it takes", async () => {
    const ns = await world.namespace();
    const answer = await world.api.post(`${ns.core}/configmaps`, "<x/>", { "content-type": "text/xml" });
    expect([answer.status, answer.body.reason]).toEqual([415, "UnsupportedMediaType"]);
    expect(answer.body.message).toContain("application/json, application/yaml, application/vnd.kubernetes.protobuf");
  });

  it("B010 refuses protobuf for a custom kind", async () => {
    await world.define(definition("proto.example.com"));
    const ns = await world.namespace();
    const path = `${ns.path("proto.example.com/v1")}/widgets`;
    const answer = await world.api.post(path, widget("proto.example.com", "a"), {
      "content-type": "application/vnd.kubernetes.protobuf",
    });
    expect(answer.status).toBe(415);
  });

  it("B011 answers in YAML where that is asked for, and refuses what it cannot give with 406", async () => {
    const yaml = await world.api.get("/api/v1/namespaces/default", { accept: "application/yaml" });
    expect([yaml.headers["content-type"], yaml.text.includes("kind: Namespace")]).toEqual(["application/yaml", true]);
    const none = await world.api.get("/api/v1/namespaces/default", { accept: "image/png" });
    expect([none.status, none.body.reason]).toEqual([406, "NotAcceptable"]);
  });

  it("B011 answers with metadata only where that is asked for", async () => {
    const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    const { body } = await world.api.get("/api/v1/namespaces/default", { accept });
    expect([body.kind, body.apiVersion, body.spec]).toEqual(["PartialObjectMetadata", "meta.k8s.io/v1", undefined]);
  });

  it("B012 refuses a table of an access review with 406", async () => {
    const review = { spec: { resourceAttributes: { verb: "get", resource: "pods" } } };
    const accept = "application/json;as=Table;g=meta.k8s.io;v=v1";
    const answer = await world.api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, { accept });
    expect(answer.status).toBe(406);
  });

  it("B014 refuses a body beyond the limit with 413", async () => {
    const ns = await world.namespace();
    const large = configMap("large", { a: "x".repeat(maxBodyBytes) });
    const answer = await world.api.post(`${ns.core}/configmaps`, large);
    expect([answer.status, answer.body.reason]).toEqual([413, "RequestEntityTooLarge"]);
  });

  it("B014 refuses a JSON patch of more than 10000 operations with 413", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const patch = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/kind", value: "ConfigMap" }));
    expect((await world.api.patch(`${ns.core}/configmaps/a`, patch, "json")).status).toBe(413);
  });

  it("B016 names each answer and keeps the client's name for it", async () => {
    const named = await world.api.get("/api/v1/namespaces/default", { "audit-id": "mine" });
    expect([named.headers["audit-id"], named.headers["cache-control"]]).toEqual(["mine", "no-cache, private"]);
    expect((await world.api.get("/version")).headers["audit-id"]).toMatch(/^[0-9a-f-]{36}$/);
    const { items } = (await world.api.get("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas")).body;
    const uids = items.map(({ metadata }: { metadata: { uid: string } }) => metadata.uid);
    expect(uids).toContain(named.headers["x-kubernetes-pf-flowschema-uid"]);
  });

  it("B018 fills in a missing type and refuses another one", async () => {
    const ns = await world.namespace();
    const untyped = await world.api.post(`${ns.core}/configmaps`, { metadata: { name: "untyped" } });
    expect([untyped.status, untyped.body.kind, untyped.body.apiVersion]).toEqual([201, "ConfigMap", "v1"]);
    const kind = await world.api.post(`${ns.core}/configmaps`, { ...configMap("k"), kind: "Secret" });
    expect([kind.status, kind.body.reason]).toEqual([400, "BadRequest"]);
    const version = await world.api.post(`${ns.core}/configmaps`, { ...configMap("v"), apiVersion: "v2" });
    expect([version.status, version.body.message.includes("(v1)")]).toEqual([400, true]);
  });

  it("refuses a type that is no text", async () => {
    const ns = await world.namespace();
    const odd = { toString: false };
    for (const part of [{ apiVersion: odd }, { kind: odd }]) {
      expect((await world.api.post(`${ns.core}/configmaps`, { ...configMap("a"), ...part })).status).toBe(400);
      expect(
        (await world.api.apply(`${ns.core}/configmaps/a`, { ...configMap("a"), ...part } as never, "m")).status,
      ).toBe(400);
    }
    expect((await world.api.apply(`${ns.core}/configmaps/a`, { metadata: { name: odd } }, "m")).status).toBe(400);
  });

  it("B019 refuses another namespace or name than the path's with 400", async () => {
    const ns = await world.namespace();
    const elsewhere = configMap("a", {}, { namespace: "default" });
    expect((await world.api.post(`${ns.core}/configmaps`, elsewhere)).status).toBe(400);
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    expect((await world.api.put(`${ns.core}/configmaps/a`, configMap("b"))).status).toBe(400);
  });

  it("B020 clears the namespace of what has none", async () => {
    const made = await world.api.make("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "cleared", namespace: "default" },
    });
    expect(made.metadata.namespace).toBeUndefined();
  });

  it("B023 refuses a taken name with 409", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    const { status, body } = await world.api.post(`${ns.core}/configmaps`, configMap("a"));
    expect([status, body.reason, body.message]).toEqual([409, "AlreadyExists", 'configmaps "a" already exists']);
    expect(body.details).toEqual({ name: "a", kind: "configmaps" });
  });

  it("B025 B026 names every wrong field of an invalid object", async () => {
    const ns = await world.namespace();
    const wrong = pod("p", { containers: [{ image: "x" }, { name: "b" }] });
    const { status, body } = await world.api.post(`${ns.core}/pods`, wrong);
    expect([status, body.reason, body.details.kind]).toEqual([422, "Invalid", "Pod"]);
    expect(body.message).toMatch(/^Pod "p" is invalid: \[/);
    const fields = body.details.causes.map((cause: { field: string; reason: string }) => [cause.field, cause.reason]);
    expect(fields).toEqual([
      ["spec.containers[0].name", "FieldValueRequired"],
      ["spec.containers[1].image", "FieldValueRequired"],
    ]);
  });

  it("B028 answers a body that is no JSON with 400", async () => {
    const ns = await world.namespace();
    const answer = await world.api.post(`${ns.core}/configmaps`, "{no");
    expect([answer.status, answer.body.reason]).toEqual([400, "BadRequest"]);
  });

  it("reads a list's path that ends in a slash", async () => {
    expect((await world.api.get("/api/v1/namespaces/")).body.kind).toBe("NamespaceList");
  });

  it("connects to no process, and says so", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/pods`, pod("p"));
    const answer = await world.api.get(`${ns.core}/pods/p/exec?command=ls`);
    expect([answer.status, answer.body.message.includes("runs no process")]).toEqual([501, true]);
    expect((await world.api.get(`${ns.core}/pods/gone/exec`)).status).toBe(404);
  });
});
