import type { JsonObject } from "@homeostat/api";
import { afterAll, beforeAll, expect, it } from "vitest";
import { definition, widget } from "./objects.ts";
import { behaviours, type World } from "./suite.ts";
import { openWebhookHost, RawAnswer, type WebhookHost } from "./webhook-host.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

interface Converting {
  readonly v1: string;
  readonly v2: string;
  readonly group: string;
  /** Objects of each call. */
  readonly calls: () => readonly { readonly desiredAPIVersion: string; readonly objects: readonly JsonObject[] }[];
}

const v1Schema = {
  type: "object",
  properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
};
const v2Schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: { width: { type: "integer" }, unit: { type: "string", default: "cm" } },
    },
  },
};

behaviours("conversion webhooks", (world: World) => {
  let host: WebhookHost;
  beforeAll(async () => {
    host = await openWebhookHost();
  });
  afterAll(() => host.close());

  // biome-ignore lint/suspicious/noExplicitAny: objects of any version
  const convertOne = (object: any, apiVersion: string): JsonObject => {
    if (apiVersion.endsWith("/v2")) {
      const { size, ...rest } = object.spec ?? {};
      return { ...object, apiVersion, spec: { ...rest, ...(size === undefined ? {} : { width: size }) } };
    }
    const { width, unit: _, ...rest } = object.spec ?? {};
    return { ...object, apiVersion, spec: { ...rest, ...(width === undefined ? {} : { size: width }) } };
  };
  // biome-ignore lint/suspicious/noExplicitAny: requests of ConversionReviews
  const convertAll = ({ objects, desiredAPIVersion }: any): object => ({
    result: { status: "Success" },
    convertedObjects: objects.map((object: JsonObject) => convertOne(object, desiredAPIVersion)),
  });

  let groups = 0;
  const defineTwo = async (
    // biome-ignore lint/suspicious/noExplicitAny: as above
    answer: (request: any) => unknown = convertAll,
    clientConfig?: object,
    selectable: readonly [v1: string, v2: string] | undefined = undefined,
  ): Promise<Converting & { name: string; namespace: string }> => {
    const group = `c${++groups}.example.com`;
    const at = `/convert-${groups}`;
    const conversion = {
      strategy: "Webhook",
      webhook: { clientConfig: clientConfig ?? host.on(at, answer), conversionReviewVersions: ["v1"] },
    };
    const fields = (at: 0 | 1) => (selectable ? { selectableFields: [{ jsonPath: selectable[at] }] } : {});
    const versions = [
      { name: "v1", schema: { openAPIV3Schema: v1Schema }, ...fields(0) },
      { name: "v2", schema: { openAPIV3Schema: v2Schema }, ...fields(1) },
    ];
    const sent = definition(group, { versions }) as { spec: object };
    await world.define({ ...sent, spec: { ...sent.spec, conversion } });
    const ns = await world.namespace();
    return {
      group,
      namespace: ns.name,
      name: `widgets.${group}`,
      v1: `${ns.path(`${group}/v1`)}/widgets`,
      v2: `${ns.path(`${group}/v2`)}/widgets`,
      calls: () => host.seen(at),
    };
  };
  const v2 = (group: string, name: string, spec: object = {}): JsonObject => ({
    ...widget(group, name, spec),
    apiVersion: `${group}/v2`,
  });

  it("B194 converts what is written and read at another version than the stored one", async () => {
    const { group, v1: old, v2: current } = await defineTwo();
    const made = await world.api.make(current, v2(group, "w", { width: 3 }));
    expect([made.apiVersion, made.spec]).toEqual([`${group}/v2`, { width: 3, unit: "cm" }]);
    expect((await world.api.get(`${old}/w`)).body).toMatchObject({ apiVersion: `${group}/v1`, spec: { size: 3 } });
    const { body } = await world.api.get(`${current}/w`);
    expect([body.spec, body.metadata.uid]).toEqual([{ width: 3, unit: "cm" }, made.metadata.uid]);
  });

  it("B194 converts for updates, patches and server-side apply", async () => {
    const { group, v1: old, v2: current } = await defineTwo();
    await world.api.make(old, widget(group, "w", { size: 1 }));
    expect((await world.api.patch(`${current}/w`, { spec: { width: 2 } })).body.spec.width).toBe(2);
    const { body } = await world.api.get(`${current}/w`);
    expect((await world.api.put(`${current}/w`, { ...body, spec: { width: 3 } })).body.spec.width).toBe(3);
    const applied = await world.api.apply(`${current}/w`, v2(group, "w", { width: 4 }), "me", "&force=true");
    expect([applied.status, applied.body.spec.width]).toEqual([200, 4]);
    expect((await world.api.get(`${old}/w`)).body.spec).toEqual({ size: 4 });
    expect((await world.api.delete(`${current}/w`)).status).toBe(200);
  });

  it.runIf(world.alone)(
    "B194 says what it wants in a ConversionReview, and does not ask about the stored version",
    async () => {
      const { group, v1: old, v2: current, calls } = await defineTwo();
      const made = await world.api.make(old, widget(group, "w", { size: 1 }));
      await world.api.get(`${old}/w`);
      expect(calls()).toEqual([]);
      await world.api.get(`${current}/w`);
      expect(calls()).toMatchObject([
        {
          uid: expect.any(String),
          desiredAPIVersion: `${group}/v2`,
          objects: [{ apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "w", uid: made.metadata.uid } }],
        },
      ]);
    },
  );

  it("B198 selects by the fields of each version, whichever is stored", async () => {
    const { group, v1: old, v2: current } = await defineTwo(convertAll, undefined, [".spec.size", ".spec.width"]);
    for (const [name, width] of [
      ["a", 1],
      ["b", 2],
      ["c", 1],
    ] as const) {
      await world.api.make(current, v2(group, name, { width }));
    }
    const names = async (path: string): Promise<string[]> =>
      (await world.api.get(path)).body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    expect(await names(`${old}?fieldSelector=spec.size%3D1`)).toEqual(["a", "c"]);
    expect(await names(`${current}?fieldSelector=spec.width%3D1`)).toEqual(["a", "c"]);
    expect(await names(`${current}?fieldSelector=spec.width%21%3D1`)).toEqual(["b"]);
    expect((await world.api.get(`${current}?fieldSelector=spec.size%3D1`)).status).toBe(400);
    const watch = world.api.watch(`${current}?fieldSelector=spec.width%3D1`);
    await watch.until(2);
    await world.api.patch(`${old}/b`, { spec: { size: 1 } });
    await world.api.patch(`${current}/a`, { spec: { width: 3 } });
    await world.api.patch(`${old}/c`, { metadata: { labels: { on: "yes" } } });
    await world.api.delete(`${old}/b`);
    const lines = await watch.until(6);
    watch.stop();
    expect(lines.map(({ type, object }) => [type, object.metadata.name, object.spec.width])).toEqual([
      ["ADDED", "a", 1],
      ["ADDED", "c", 1],
      ["ADDED", "b", 1],
      ["DELETED", "a", 1],
      ["MODIFIED", "c", 1],
      ["DELETED", "b", 1],
    ]);
    const gone = await world.api.delete(`${current}?fieldSelector=spec.width%3D3`);
    expect(gone.status).toBe(200);
    expect(await names(old)).toEqual(["c"]);
  });

  it.runIf(world.alone)("B194 converts a list in one call", async () => {
    const { group, v1: old, v2: current, calls } = await defineTwo();
    for (const size of [1, 2, 3]) await world.api.make(old, widget(group, `w${size}`, { size }));
    const { body } = await world.api.get(current);
    // biome-ignore lint/suspicious/noExplicitAny: items of a list
    expect(body.items.map(({ spec }: any) => spec.width)).toEqual([1, 2, 3]);
    expect(calls().map(({ objects }) => objects.length)).toEqual([3]);
    const table = await world.api.get(current, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
    expect(table.body.rows).toHaveLength(3);
    expect(calls()).toHaveLength(2);
  });

  it("B194 converts what watchers see", async () => {
    const { group, v1: old, v2: current } = await defineTwo();
    await world.api.make(old, widget(group, "w", { size: 1 }));
    const watch = world.api.watch(current);
    await watch.until(1);
    await world.api.patch(`${old}/w`, { spec: { size: 2 } });
    await world.api.delete(`${old}/w`);
    const lines = await watch.until(3);
    watch.stop();
    expect(lines.map(({ type, object }) => [type, object.apiVersion, object.spec.width])).toEqual([
      ["ADDED", `${group}/v2`, 1],
      ["MODIFIED", `${group}/v2`, 2],
      ["DELETED", `${group}/v2`, 2],
    ]);
  });

  it("B194 stores what is written at the new storage version, and reads both", async () => {
    const { group, name, v1: old, v2: current } = await defineTwo();
    for (const size of [1, 2]) await world.api.make(old, widget(group, `w${size}`, { size }));
    const change = [
      { op: "replace", path: "/spec/versions/0/storage", value: false },
      { op: "replace", path: "/spec/versions/1/storage", value: true },
    ];
    const changed = await world.api.patch(`${definitions}/${name}`, change, "json");
    expect(changed.body.status.storedVersions).toEqual(["v1", "v2"]);
    const unmigrated = (await world.api.get(`${current}/w1`)).body;
    await world.api.patch(`${current}/w1`, { spec: { unit: "mm" } });
    const read = async (path: string) => (await world.api.get(path)).body.spec;
    expect(unmigrated.spec).toEqual({ width: 1, unit: "cm" });
    expect(
      await Promise.all([read(`${current}/w1`), read(`${old}/w1`), read(`${old}/w2`), read(`${current}/w2`)]),
    ).toEqual([{ width: 1, unit: "mm" }, { size: 1 }, { size: 2 }, { width: 2, unit: "cm" }]);
  });

  it("B194 migrates what is stored with a write that changes nothing", async () => {
    const { group, name, v1: old, v2: current, calls } = await defineTwo();
    const made = await world.api.make(old, widget(group, "w", { size: 1 }));
    const change = [
      { op: "replace", path: "/spec/versions/0/storage", value: false },
      { op: "replace", path: "/spec/versions/1/storage", value: true },
    ];
    await world.api.patch(`${definitions}/${name}`, change, "json");
    const { body } = await world.api.get(`${old}/w`);
    expect((await world.api.put(`${old}/w`, body)).body.metadata.resourceVersion).not.toBe(
      made.metadata.resourceVersion,
    );
    const before = calls().length;
    expect((await world.api.get(`${current}/w`)).body.spec).toEqual({ width: 1, unit: "cm" });
    expect(calls()).toHaveLength(before);
  });

  it("B194 leaves labels and annotations to the webhook, and nothing else of metadata", async () => {
    const answer = (request: { objects: JsonObject[]; desiredAPIVersion: string }) => ({
      result: { status: "Success" },
      convertedObjects: request.objects.map((object) => ({
        ...convertOne(object, request.desiredAPIVersion),
        metadata: {
          ...(object["metadata"] as object),
          labels: { converted: "yes" },
          finalizers: ["example.com/never"],
          creationTimestamp: null,
        },
      })),
    });
    const { group, v1: old, v2: current } = await defineTwo(answer);
    const made = await world.api.make(old, widget(group, "w", { size: 1 }));
    const { metadata } = (await world.api.get(`${current}/w`)).body;
    expect(metadata.labels).toEqual({ converted: "yes" });
    expect([metadata.finalizers, metadata.creationTimestamp]).toEqual([undefined, made.metadata.creationTimestamp]);
  });

  it("B194 prunes what a webhook makes up, and fills defaults", async () => {
    const answer = (request: { objects: JsonObject[]; desiredAPIVersion: string }) => ({
      result: { status: "Success" },
      convertedObjects: request.objects.map((object) => ({
        ...object,
        apiVersion: request.desiredAPIVersion,
        spec: { width: 1, made: "up" },
      })),
    });
    const { group, v1: old, v2: current } = await defineTwo(answer);
    await world.api.make(old, widget(group, "w"));
    expect((await world.api.get(`${current}/w`)).body.spec).toEqual({ width: 1, unit: "cm" });
  });

  it("B194 takes no answer that is not one", async () => {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    type Request = any;
    const converted = (change: (object: Request) => unknown) => (request: Request) => ({
      result: { status: "Success" },
      convertedObjects: request.objects.map((object: JsonObject) =>
        change(convertOne(object, request.desiredAPIVersion) as Request),
      ),
    });
    const cases: readonly [(request: Request) => unknown, string][] = [
      [() => ({ result: { status: "Failure", message: "cannot do that" } }), "failed: cannot do that"],
      [() => ({ result: { status: "Failure" } }), "failed: response.result.status was 'Failure', not 'Success'"],
      [() => ({ result: { status: "Success" }, convertedObjects: [] }), "returned 0 objects, expected 1"],
      [(request) => ({ ...(convertAll(request) as object), uid: "x" }), "failed: expected response.uid="],
      [
        (request) => ({ result: { status: "Success" }, convertedObjects: request.objects }),
        "returned invalid converted object at index 0: invalid groupVersion (expected ",
      ],
      [converted((object) => ({ ...object, kind: "Other" })), "invalid kind (expected Widget, received Other)"],
      [
        converted((object) => ({ ...object, metadata: { ...object.metadata, name: "x" } })),
        "must have the same name: w != x",
      ],
      [converted((object) => ({ ...object, metadata: { ...object.metadata, uid: "x" } })), "must have the same UID: "],
      [() => new RawAnswer(200, "{}"), "failed: no response provided"],
    ];
    for (const [answer, text] of cases) {
      const { group, v1: old, v2: current } = await defineTwo(answer);
      await world.api.make(old, widget(group, "w", { size: 1 }));
      const { status, body } = await world.api.get(`${current}/w`);
      expect([status, body.message]).toEqual([500, expect.stringContaining(text)]);
      expect(body.message.startsWith(`conversion webhook for ${group}/v1, Kind=Widget `)).toBe(true);
    }
  });

  it("B195 says that a webhook could not be called, and serves the stored version all the same", async () => {
    const url = "https://127.0.0.1:1/convert";
    const { group, v1: old, v2: current } = await defineTwo(undefined, { url });
    await world.api.make(old, widget(group, "w", { size: 1 }));
    const text = `conversion webhook for ${group}/v1, Kind=Widget failed: Post "${url}?timeout=30s": dial tcp 127.0.0.1:1: connect: connection refused`;
    for (const path of [`${current}/w`, current]) {
      const { status, body } = await world.api.get(path);
      expect([status, body.reason, body.message]).toEqual([500, "InternalError", text]);
    }
    const write = await world.api.post(current, v2(group, "x", { width: 1 }));
    expect([write.status, write.body.message]).toEqual([500, text.replace("/v1,", "/v2,")]);
    expect((await world.api.get(old)).body.items).toHaveLength(1);
  });

  it("B195 ends a watch that needs a conversion which fails", async () => {
    const { group, v1: old, v2: current } = await defineTwo(() => ({ result: { status: "Failure", message: "no" } }));
    await world.api.make(old, widget(group, "w", { size: 1 }));
    const watch = world.api.watch(current);
    const lines = await watch.ended;
    expect(lines.map(({ type, object }) => [type, object.code, object.message])).toEqual([
      ["ERROR", 500, `conversion webhook for ${group}/v1, Kind=Widget failed: no`],
    ]);
  });

  it.runIf(world.ours)("B195 waits thirty seconds", async () => {
    let called = (): void => {};
    const calling = new Promise<void>((resolve) => {
      called = resolve;
    });
    const {
      group,
      v1: old,
      v2: current,
    } = await defineTwo(() => {
      called();
      return new Promise(() => {});
    });
    await world.api.make(old, widget(group, "w"));
    const waiting = world.api.get(`${current}/w`);
    await calling;
    await world.target.advance(30_000);
    expect((await waiting).body.message).toMatch(/context deadline exceeded$/);
  });

  it("B195 refuses a conversion that says not where, or in no language it speaks", async () => {
    const sent = definition("wrong.example.com") as { spec: object };
    const conversion = {
      strategy: "Webhook",
      webhook: { clientConfig: { url: "http://a" }, conversionReviewVersions: ["v9"] },
    };
    const { status, body } = await world.api.post(definitions, { ...sent, spec: { ...sent.spec, conversion } });
    expect([status, body.details.causes.map(({ field }: { field: string }) => field)]).toEqual([
      422,
      ["spec.conversion.webhook.clientConfig.url", "spec.conversion.webhook.conversionReviewVersions"],
    ]);
  });

  it("B196 does not establish a definition with a broken caBundle until it is mended", async () => {
    const group = "bundle.example.com";
    const config = host.on("/bundle", convertAll);
    const webhook = { clientConfig: { ...config, caBundle: "Cg==" }, conversionReviewVersions: ["v1"] };
    const sent = definition(group, { versions: [{ name: "v1" }, { name: "v2" }] }) as { spec: object };
    await world.api.make(definitions, {
      ...sent,
      spec: { ...sent.spec, conversion: { strategy: "Webhook", webhook } },
    });
    const path = `${definitions}/widgets.${group}`;
    // biome-ignore lint/suspicious/noExplicitAny: a definition
    const established = ({ object }: any) => object.status?.conditions?.find(({ type }: any) => type === "Established");
    const watch = world.api.watch(`${definitions}?fieldSelector=metadata.name%3Dwidgets.${group}`);
    const first = await watch.until((line) => established(line) !== undefined);
    expect(established(first.at(-1))).toMatchObject({ status: "False", reason: "InvalidCABundle" });
    expect((await world.api.get(`/apis/${group}/v1/widgets`)).status).toBe(404);
    const caBundle = { spec: { conversion: { webhook: { clientConfig: { caBundle: config.caBundle } } } } };
    await world.api.patch(path, caBundle);
    await watch.until((line) => established(line)?.status === "True");
    watch.stop();
    expect((await world.api.get(`/apis/${group}/v1/widgets`)).status).toBe(200);
  });

  it("B196 does not let a broken caBundle take the place of a good one", async () => {
    const { name } = await defineTwo();
    const change = { spec: { conversion: { webhook: { clientConfig: { caBundle: "Cg==" } } } } };
    const { status, body } = await world.api.patch(`${definitions}/${name}`, change);
    expect([status, body.details.causes[0].field]).toEqual([422, "spec.conversion.webhook.clientConfig.caBundle"]);
  });
});
