import { expect, it } from "vitest";
import { definition, widget, widgetSchema } from "./objects.ts";
import { behaviours } from "./suite.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

behaviours("custom resource definitions", (world) => {
  const condition = (object: { status?: { conditions?: Condition[] } }, type: string): string | undefined => {
    const found = object.status?.conditions?.find((each) => each.type === type);
    return found && `${found.status} ${found.reason}`;
  };
  /** Waits until a definition's condition reads so. */
  const settled = async (name: string, type: string, wanted: string) => {
    const watch = world.api.watch(`${definitions}?fieldSelector=metadata.name%3D${name}`);
    const lines = await watch.until(({ object }) => condition(object, type) === wanted);
    watch.stop();
    return lines.at(-1)!.object;
  };

  it("B170 B171 B172 fills in names, accepts and establishes", async () => {
    await world.define(definition("accepted.example.com"));
    const { body } = await world.api.get(`${definitions}/widgets.accepted.example.com`);
    expect(body.spec).toMatchObject({
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      conversion: { strategy: "None" },
    });
    expect([condition(body, "NamesAccepted"), condition(body, "Established")]).toEqual([
      "True NoConflicts",
      "True InitialNamesAccepted",
    ]);
    expect(body.status).toMatchObject({ acceptedNames: body.spec.names, storedVersions: ["v1"] });
    expect(body.metadata.generation).toBe(1);
  });

  it.each([
    ["a name that is not PLURAL.GROUP", { metadata: { name: "others.bad.example.com" } }, "metadata.name"],
    ["no storage version", { versions: [{ name: "v1", storage: false }] }, "spec.versions"],
    [
      "a version without schema",
      { versions: [{ name: "v1", schema: undefined }] },
      "spec.versions[0].schema.openAPIV3Schema",
    ],
    [
      "a schema without types",
      { versions: [{ name: "v1", schema: { openAPIV3Schema: { type: "object", properties: { a: {} } } } }] },
      "spec.versions[0].schema.openAPIV3Schema.properties[a].type",
    ],
    [
      "a default that is invalid",
      {
        versions: [
          {
            name: "v1",
            schema: { openAPIV3Schema: { type: "object", properties: { a: { type: "integer", default: "x" } } } },
          },
        ],
      },
      "spec.versions[0].schema.openAPIV3Schema.properties[a].default",
    ],
  ])("B169 B178 B181 refuses %s", async (_what, change, field) => {
    const { metadata, ...options } = change as { metadata?: object };
    const sent = { ...definition("bad.example.com", options), ...(metadata ? { metadata } : {}) };
    const { status, body } = await world.api.post(definitions, sent);
    expect(status).toBe(422);
    expect(body.details.causes.map((cause: { field: string }) => cause.field)).toContain(field);
  });

  it("B171 keeps a definition waiting whose names are taken, until they are free", async () => {
    const group = "clash.example.com";
    await world.define(definition(group, { names: { shortNames: ["w"] } }));
    await world.api.make(
      definitions,
      definition(group, { plural: "gadgets", kind: "Gadget", names: { shortNames: ["w"] } }),
    );
    const waiting = await settled(`gadgets.${group}`, "NamesAccepted", "False ShortNamesConflict");
    expect(condition(waiting, "Established")).toBe("False NotAccepted");
    expect((await world.api.get(`/apis/${group}/v1/gadgets`)).status).toBe(404);
    await world.api.delete(`${definitions}/widgets.${group}`);
    await settled(`gadgets.${group}`, "Established", "True InitialNamesAccepted");
    expect((await world.api.get(`/apis/${group}/v1/gadgets`)).status).toBe(200);
  });

  it("B173 B191 B197 shows the kind in discovery and OpenAPI", async () => {
    const group = "shown.example.com";
    await world.define(definition(group, { names: { shortNames: ["wd"], categories: ["all"] } }));
    const { body } = await world.api.get(`/apis/${group}/v1`);
    expect(body.resources).toContainEqual(
      expect.objectContaining({
        name: "widgets",
        kind: "Widget",
        namespaced: true,
        shortNames: ["wd"],
        categories: ["all"],
      }),
    );
    expect(body.resources.map(({ name }: { name: string }) => name)).toContain("widgets/status");
    const path = (await world.api.get("/openapi/v3")).body.paths[`apis/${group}/v1`].serverRelativeURL;
    const document = (await world.api.get(path)).body;
    expect(Object.keys(document.components.schemas)).toContain("com.example.shown.v1.Widget");
    const watch = world.api.watch(`${definitions}?fieldSelector=metadata.name%3Dwidgets.${group}`);
    await watch.until(1);
    await world.api.delete(`${definitions}/widgets.${group}`);
    await watch.until(({ type }) => type === "DELETED");
    watch.stop();
    expect((await world.api.get("/openapi/v3")).body.paths[`apis/${group}/v1`]).toBeUndefined();
    expect((await world.api.get(`/apis/${group}/v1`)).status).toBe(404);
  });

  it("B174 B193 serves each version, and shows what is stored in another", async () => {
    const group = "versions.example.com";
    await world.define(
      definition(group, { versions: [{ name: "v1" }, { name: "v2" }, { name: "v3", served: false }] }),
    );
    const ns = await world.namespace();
    await world.api.make(`${ns.path(`${group}/v1`)}/widgets`, widget(group, "w", { size: 1 }));
    expect((await world.api.get(`${ns.path(`${group}/v2`)}/widgets/w`)).body).toMatchObject({
      apiVersion: `${group}/v2`,
      spec: { size: 1 },
    });
    const list = (await world.api.get(`${ns.path(`${group}/v2`)}/widgets`)).body;
    expect([list.apiVersion, list.items[0].apiVersion]).toEqual([`${group}/v2`, `${group}/v2`]);
    expect((await world.api.get(`${ns.path(`${group}/v3`)}/widgets`)).status).toBe(404);
    const watch = world.api.watch(`${ns.path(`${group}/v2`)}/widgets`);
    expect((await watch.until(1))[0]!.object.apiVersion).toBe(`${group}/v2`);
    watch.stop();
  });

  it("B172 B193 shows objects of a former storage version in the new one", async () => {
    const group = "moved.example.com";
    await world.define(definition(group, { versions: [{ name: "v1" }, { name: "v2" }] }));
    const ns = await world.namespace();
    await world.api.make(`${ns.path(`${group}/v1`)}/widgets`, widget(group, "w", { size: 1 }));
    const swap = [
      { op: "replace", path: "/spec/versions/0/storage", value: false },
      { op: "replace", path: "/spec/versions/1/storage", value: true },
    ];
    const { body } = await world.api.patch(`${definitions}/widgets.${group}`, swap, "json");
    expect([body.status.storedVersions, body.metadata.generation]).toEqual([["v1", "v2"], 2]);
    for (const version of ["v1", "v2"]) {
      const path = `${ns.path(`${group}/${version}`)}/widgets`;
      expect((await world.api.get(`${path}/w`)).body.apiVersion).toBe(`${group}/${version}`);
      expect((await world.api.get(path)).body.items[0].apiVersion).toBe(`${group}/${version}`);
    }
    const removed = await world.api.patch(
      `${definitions}/widgets.${group}`,
      [{ op: "remove", path: "/spec/versions/0" }],
      "json",
    );
    expect(removed.status).toBe(422);
    const written = await world.api.patch(`${ns.path(`${group}/v1`)}/widgets/w`, { spec: { size: 2 } });
    expect(written.body).toMatchObject({ apiVersion: `${group}/v1`, spec: { size: 2 } });
  });

  it("B176 deletes its objects with the definition, and waits for their finalizers", async () => {
    const group = "emptied.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    await world.api.make(path, widget(group, "free"));
    await world.api.make(path, widget(group, "held", {}, { finalizers: ["x.io/a"] }));
    const answer = await world.api.delete(`${definitions}/widgets.${group}`);
    expect([answer.status, answer.body.metadata.finalizers]).toEqual([
      200,
      ["customresourcecleanup.apiextensions.k8s.io"],
    ]);
    const objects = world.api.watch(path);
    await settled(`widgets.${group}`, "Terminating", "True InstanceDeletionInProgress");
    await objects.until(({ object }) => object.metadata.deletionTimestamp !== undefined);
    objects.stop();
    expect((await world.api.get(`${path}/free`)).status).toBe(404);
    expect((await world.api.post(path, widget(group, "new"))).status).toBe(403);
    const watch = world.api.watch(`${definitions}?fieldSelector=metadata.name%3Dwidgets.${group}`);
    await watch.until(1);
    await world.api.patch(`${path}/held`, { metadata: { finalizers: [] } });
    await watch.until(({ type }) => type === "DELETED");
    watch.stop();
    expect((await world.api.get(path)).status).toBe(404);
  });

  it("B177 demands approval for groups of the project", async () => {
    const sent = definition("things.k8s.io");
    expect((await world.api.post(definitions, sent)).status).toBe(422);
    const annotations = { "api-approved.kubernetes.io": "https://example.com/approved" };
    const approved = { ...sent, metadata: { name: "widgets.things.k8s.io", annotations } };
    expect((await world.api.post(definitions, approved)).status).toBe(201);
    await settled("widgets.things.k8s.io", "KubernetesAPIApprovalPolicyConformant", "True ApprovedAnnotation");
  });

  it("B179 B180 prunes and fills in defaults", async () => {
    const group = "shape.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const made = await world.api.make(
      `${ns.path(`${group}/v1`)}/widgets`,
      widget(group, "w", { color: null, nested: {}, unknown: 1, free: { kept: { deep: true } } }),
    );
    expect(made.spec).toEqual({ color: "red", nested: { on: true }, free: { kept: { deep: true } } });
  });

  it("B180 9.2.11 fills in defaults of a new schema when old objects are read", async () => {
    const group = "later.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    const made = await world.api.make(path, widget(group, "w", { size: 1 }));
    const add = [
      {
        op: "add",
        path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/shape",
        value: { type: "string", default: "round" },
      },
    ];
    await world.api.patch(`${definitions}/widgets.${group}`, add, "json");
    for (const read of [(await world.api.get(`${path}/w`)).body, (await world.api.get(path)).body.items[0]]) {
      expect([read.spec.shape, read.metadata.resourceVersion]).toEqual(["round", made.metadata.resourceVersion]);
    }
  });

  it("B182 B184 refuses what the schema does not allow, naming each path", async () => {
    const group = "valid.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const wrong = widget(group, "w", { size: -1, color: "blue", tags: ["a", "a"], nested: { on: "yes" } });
    const { status, body } = await world.api.post(`${ns.path(`${group}/v1`)}/widgets`, wrong);
    expect(status).toBe(422);
    const causes = body.details.causes.map(
      ({ field, reason }: { field: string; reason: string }) => `${field} ${reason}`,
    );
    expect(causes.toSorted()).toEqual([
      "spec.color FieldValueNotSupported",
      "spec.nested.on FieldValueTypeInvalid",
      "spec.size FieldValueInvalid",
      "spec.tags[1] FieldValueDuplicate",
    ]);
  });

  it("B185 tolerates what was wrong before and does not change", async () => {
    const group = "ratchet.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    await world.api.make(path, widget(group, "w", { size: 5 }));
    const tighten = [
      {
        op: "replace",
        path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/minimum",
        value: 10,
      },
    ];
    await world.api.patch(`${definitions}/widgets.${group}`, tighten, "json");
    expect((await world.api.patch(`${path}/w`, { spec: { color: "green" } })).status).toBe(200);
    expect((await world.api.patch(`${path}/w`, { spec: { size: 6 } })).status).toBe(422);
  });

  it("B187 refuses another version with 400 and another kind with 422", async () => {
    const group = "typed.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    const version = await world.api.post(path, { ...widget(group, "w"), apiVersion: `${group}/v9` });
    expect([version.status, version.body.message.includes(`${group}/v1`)]).toEqual([400, true]);
    const kind = await world.api.post(path, { ...widget(group, "w"), kind: "Gadget" });
    expect([kind.status, kind.body.details.causes[0]]).toMatchObject([
      422,
      { field: "kind", message: expect.stringContaining("must be Widget") },
    ]);
  });

  it("B189 scales a custom kind", async () => {
    const group = "scaled.example.com";
    const subresources = {
      status: {},
      scale: {
        specReplicasPath: ".spec.replicas",
        statusReplicasPath: ".status.replicas",
        labelSelectorPath: ".status.selector",
      },
    };
    await world.define(definition(group, { versions: [{ name: "v1", subresources }] }));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    await world.api.make(path, widget(group, "w", { size: 1 }));
    expect((await world.api.get(`${path}/w/scale`)).status).toBe(500);
    await world.api.patch(`${path}/w`, { spec: { replicas: 2 } });
    await world.api.patch(`${path}/w/status`, { status: { replicas: 1, selector: "app=w" } });
    const { body } = await world.api.get(`${path}/w/scale`);
    expect([body.apiVersion, body.kind, body.spec, body.status]).toEqual([
      "autoscaling/v1",
      "Scale",
      { replicas: 2 },
      { replicas: 1, selector: "app=w" },
    ]);
    expect((await world.api.put(`${path}/w/scale`, { ...body, spec: { replicas: 4 } })).status).toBe(200);
    expect((await world.api.get(`${path}/w`)).body.spec).toMatchObject({ size: 1, replicas: 4 });
    expect((await world.api.put(`${path}/w/scale`, body)).status).toBe(409);
    expect((await world.api.patch(`${path}/w/scale`, { spec: { replicas: -1 } })).status).toBe(422);
  });

  it("B200 B201 B202 obeys rules, of states and of transitions", async () => {
    const group = "rules.example.com";
    const spec = {
      ...widgetSchema.properties.spec,
      "x-kubernetes-validations": [
        { rule: "!has(self.size) || self.size < 100", message: "size must be below 100" },
        { rule: "!has(oldSelf.color) || self.color == oldSelf.color", message: "color is immutable" },
      ],
    };
    const schema = { openAPIV3Schema: { ...widgetSchema, properties: { ...widgetSchema.properties, spec } } };
    await world.define(definition(group, { versions: [{ name: "v1", schema }] }));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets`;
    const large = await world.api.post(path, widget(group, "w", { size: 100 }));
    expect([large.status, large.body.details.causes]).toEqual([
      422,
      [{ reason: "FieldValueInvalid", field: "spec", message: "Invalid value: size must be below 100" }].map((cause) =>
        expect.objectContaining({ reason: cause.reason, field: cause.field }),
      ),
    ]);
    expect(large.body.message).toContain("size must be below 100");
    await world.api.make(path, widget(group, "w", { size: 1 }));
    expect((await world.api.patch(`${path}/w`, { spec: { color: "green" } })).status).toBe(422);
  });

  it("serves a cluster-scoped kind outside of namespaces", async () => {
    const group = "wide.example.com";
    await world.define(definition(group, { scope: "Cluster" }));
    expect((await world.api.post(`/apis/${group}/v1/widgets`, widget(group, "w"))).status).toBe(201);
    expect((await world.api.get(`/apis/${group}/v1/namespaces/default/widgets`)).status).toBe(404);
  });
});
