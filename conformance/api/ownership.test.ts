import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "./objects.ts";
import { behaviours } from "./suite.ts";

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: Record<string, Record<string, unknown>>;
}

behaviours("strategic patches and owners of fields", (world) => {
  const container = (name: string, more: object = {}) => ({ name, image: `example.com/${name}:1`, ...more });
  const owners = (object: { metadata: { managedFields?: readonly Entry[] } }): readonly Entry[] =>
    object.metadata.managedFields ?? [];

  it("B072 merges lists by the keys of their types, and replaces those that have none", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    const template = {
      metadata: { labels: { app: "d" } },
      spec: {
        containers: [container("a", { args: ["1", "2"], ports: [{ containerPort: 80 }] }), container("b")],
        tolerations: [{ key: "old", operator: "Exists" }],
        volumes: [{ name: "v", emptyDir: {} }],
      },
    };
    await world.api.make(path, { ...deployment("d", { template }) });
    const patch = {
      spec: {
        template: {
          spec: {
            containers: [{ name: "a", args: ["3"], ports: [{ containerPort: 81 }] }],
            tolerations: [{ key: "new", operator: "Exists" }],
            volumes: [{ name: "w", configMap: { name: "c" } }],
          },
        },
      },
    };
    const { body } = await world.api.patch(`${path}/d`, patch, "strategic");
    const { containers, tolerations, volumes } = body.spec.template.spec;
    const named = (items: { name: string }[]): string[] => items.map(({ name }) => name).toSorted();
    expect(named(containers)).toEqual(["a", "b"]);
    const a = containers.find(({ name }: { name: string }) => name === "a");
    expect([a.args, a.ports.map((port: { containerPort: number }) => port.containerPort).toSorted()]).toEqual([
      ["3"],
      [80, 81],
    ]);
    expect(tolerations).toEqual([{ key: "new", operator: "Exists" }]);
    expect(named(volumes)).toEqual(["v", "w"]);
  });

  it("B078 keeps directives out of what is stored, and refuses wrong ones", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const { status, body } = await world.api.patch(
      `${path}/d`,
      {
        spec: {
          template: {
            spec: {
              $setElementOrder_containers: undefined,
              containers: [container("b"), { name: "main", $patch: "delete" }],
              nodeSelector: { $patch: "replace", a: "b" },
            },
          },
        },
      },
      "strategic",
    );
    expect([status, JSON.stringify(body.spec).includes("$")]).toEqual([200, false]);
    expect(body.spec.template.spec.containers.map(({ name }: { name: string }) => name)).toEqual(["b"]);
    expect(body.spec.template.spec.nodeSelector).toEqual({ a: "b" });
    const bad = { spec: { strategy: { $retainKeys: "type", type: "Recreate" } } };
    expect((await world.api.patch(`${path}/d`, bad, "strategic")).status).toBe(400);
    const contradicting = { spec: { strategy: { $retainKeys: ["type"], type: "Recreate", rollingUpdate: {} } } };
    expect((await world.api.patch(`${path}/d`, contradicting, "strategic")).status).toBe(422);
    expect((await world.api.patch(`${path}/d`, "[1]", "strategic")).status).toBe(400);
  });

  it("B079 sets what is merged into nothing", async () => {
    const ns = await world.namespace();
    const path = `${ns.path("apps/v1")}/deployments`;
    await world.api.make(path, deployment("d"));
    const patch = {
      spec: {
        strategy: { $retainKeys: ["type", "rollingUpdate"], type: "RollingUpdate", rollingUpdate: { maxSurge: 3 } },
        template: {
          metadata: { annotations: { $patch: "merge", a: "b" } },
          spec: { volumes: [{ $retainKeys: ["name", "emptyDir"], name: "v", emptyDir: {} }] },
        },
      },
    };
    const { status, body } = await world.api.patch(`${path}/d`, patch, "strategic");
    expect(status).toBe(200);
    expect(body.spec.strategy.rollingUpdate.maxSurge).toBe(3);
    expect(body.spec.template.metadata.annotations).toEqual({ a: "b" });
    expect(body.spec.template.spec.volumes).toEqual([{ name: "v", emptyDir: {} }]);
  });

  it("B152 names the item that an applied list has twice, and bears those that are there", async () => {
    const ns = await world.namespace();
    const variables = [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ];
    const twice = pod("p", { containers: [container("a", { env: variables })] });
    const applied = await world.api.apply(`${ns.core}/pods/p`, twice, "m");
    expect([applied.status, applied.body.message]).toEqual([
      500,
      expect.stringMatching(/\.spec\.containers\[name="a"\]\.env: duplicate entries for key \[name="A"\]/),
    ]);
    await world.api.make(`${ns.core}/pods`, twice);
    const label = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", labels: { a: "b" } } };
    const { status, body } = await world.api.apply(`${ns.core}/pods/p`, label, "m");
    expect([status, body.spec.containers[0].env]).toEqual([200, variables]);
  });

  it("B155 leaves a value to its other owner", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/c`;
    await world.api.apply(path, configMap("c", { shared: "1", mine: "1" }), "one");
    await world.api.apply(path, configMap("c", { shared: "1" }), "two");
    const { body } = await world.api.apply(path, configMap("c"), "one");
    expect(body.data).toEqual({ shared: "1" });
    expect(owners(body).map(({ manager }) => manager)).not.toContain("nobody");
    expect((await world.api.apply(path, configMap("c"), "two")).body.data).toBeUndefined();
  });

  it("B158 gathers the oldest of more than ten updaters into one", async () => {
    const ns = await world.namespace();
    await world.api.post(`${ns.core}/configmaps?fieldManager=first`, configMap("c", { first: "v" }));
    let body: { metadata: { managedFields?: readonly Entry[] } } | undefined;
    for (let at = 0; at < 13; at++) {
      if (world.ours) await world.target.advance(1_000);
      const path = `${ns.core}/configmaps/c?fieldManager=m${at}`;
      const answer = await world.api.patch(path, { data: { [`k${at}`]: "v" } });
      expect([answer.status, answer.body.message]).toEqual([200, undefined]);
      body = answer.body;
    }
    const entries = owners(body!);
    const updates = entries.filter(({ operation }) => operation === "Update");
    expect(updates.length).toBeLessThanOrEqual(10);
    const ancient = entries.find(({ manager }) => manager === "ancient-changes");
    expect(Object.keys(ancient!.fieldsV1["f:data"]!)).toContain("f:first");
  });

  it("B159 lets kubectl's apply take over what its older apply wrote", async () => {
    const ns = await world.namespace();
    const last = configMap("c", { a: "1" });
    const path = `${ns.core}/configmaps`;
    await world.api.post(`${path}?fieldManager=kubectl-client-side-apply`, {
      ...last,
      metadata: {
        name: "c",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(last)}\n` },
      },
    });
    const next = configMap("c", { a: "2" });
    expect((await world.api.apply(`${path}/c`, next, "another")).status).toBe(409);
    const { status, body } = await world.api.apply(`${path}/c`, next, "kubectl");
    expect([status, body.data]).toEqual([200, { a: "2" }]);
  });

  it("B164 takes null in an applied body as nothing where null means nothing", async () => {
    const ns = await world.namespace();
    const path = `${ns.core}/configmaps/c`;
    const nothing = { ...configMap("c"), data: null, metadata: { name: "c", labels: null } };
    const { status, body } = await world.api.apply(path, nothing as never, "m");
    expect([status, body.data, body.metadata.labels]).toEqual([201, undefined, undefined]);
  });

  it("B165 knows atomic lists, sets, keyed lists, structs, and who was there before apply", async () => {
    const group = "shapes.example.com";
    await world.define(definition(group));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets/w`;
    await world.api.apply(path, widget(group, "w", { tags: ["a"], nested: { on: false } }), "one");
    const { body } = await world.api.apply(path, widget(group, "w", { tags: ["b"], size: 1 }), "two");
    expect([body.spec.tags.toSorted(), body.spec.nested, body.spec.size]).toEqual([["a", "b"], { on: false }, 1]);
    const fields = owners(body).find(({ manager }) => manager === "two")!.fieldsV1["f:spec"]!;
    expect(fields).toEqual({ "f:size": {}, "f:tags": { 'v:"b"': {} } });
    const taken = await world.api.apply(path, widget(group, "w", { tags: ["b"], nested: { on: true } }), "two");
    expect([taken.status, taken.body.details.causes]).toMatchObject([
      409,
      [{ reason: "FieldManagerConflict", field: ".spec.nested.on" }],
    ]);
    const forced = await world.api.apply(
      path,
      widget(group, "w", { tags: ["b"], nested: { on: true } }),
      "two",
      "&force=true",
    );
    expect([forced.status, forced.body.spec.nested.on, forced.body.spec.size]).toEqual([200, true, undefined]);
  });

  it("B166 shows owners in every read", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/secrets`, { metadata: { name: "s" }, stringData: { a: "1" } });
    const got = (await world.api.get(`${ns.core}/secrets/s`)).body;
    const listed = (await world.api.get(`${ns.core}/secrets?fieldSelector=metadata.name%3Ds`)).body.items[0];
    const partial = (
      await world.api.get(`${ns.core}/secrets/s`, {
        accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
      })
    ).body;
    const watch = world.api.watch(`${ns.core}/secrets?fieldSelector=metadata.name%3Ds`);
    const [line] = await watch.until(1);
    watch.stop();
    for (const object of [got, listed, partial, line!.object]) expect(owners(object)).toHaveLength(1);
  });

  it("B167 writes although what is said of owners makes no sense", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/configmaps`, configMap("c", { a: "1" }));
    const nonsense = [
      { manager: "m", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "x:y": {} } },
    ];
    const { status, body } = await world.api.put(`${ns.core}/configmaps/c?fieldManager=me`, {
      ...made,
      metadata: { ...made.metadata, managedFields: nonsense },
      data: { a: "2" },
    });
    expect([status, body.data]).toEqual([200, { a: "2" }]);
    expect(owners(body).map(({ manager }) => manager)).toContain("me");
  });

  it("B168 deduces who owns what where there is no schema", async () => {
    const group = "free.example.com";
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await world.define(definition(group, { versions: [{ name: "v1", schema, subresources: undefined }] }));
    const ns = await world.namespace();
    const path = `${ns.path(`${group}/v1`)}/widgets/w`;
    await world.api.apply(path, widget(group, "w", { list: ["a"], map: { x: 1 } }), "one");
    const { status, body } = await world.api.apply(path, widget(group, "w", { map: { y: 2 } }), "two");
    expect([status, body.spec]).toEqual([200, { list: ["a"], map: { x: 1, y: 2 } }]);
    const list = await world.api.apply(path, widget(group, "w", { list: ["b"] }), "two");
    expect([list.status, list.body.details.causes[0].field]).toEqual([409, ".spec.list"]);
  });

  it("B097 registers no webhook of which a dry run could not be asked", async () => {
    const ns = await world.namespace();
    const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    const made = await world.api
      .make(path, {
        metadata: { name: `${ns.name}-effects` },
        webhooks: [
          {
            name: "effects.example.com",
            sideEffects: "Unknown",
            admissionReviewVersions: ["v1"],
            clientConfig: { url: "https://127.0.0.1:1/" },
            rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
          },
        ],
      } as never)
      .catch((error: unknown) => error as Error);
    // Since v1, effects that are not known cannot be registered at all.
    expect(made).toBeInstanceOf(Error);
    expect((made as Error).message).toContain("sideEffects");
  });
});
