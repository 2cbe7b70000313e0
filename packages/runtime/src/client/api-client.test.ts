import { ApiError, createVirtualClock, isConflict, isNotFound, type KubeObject, type Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import {
  createTestServer,
  createTestStream,
  listAnswer,
  type RecordedRequest,
  statusAnswer,
  type TestAnswer,
} from "../cache/server.test-support.ts";
import { type ClientOptions, createClient } from "./api-client.ts";
import { ConnectionError } from "./connection.ts";
import { listAll } from "./paging.ts";
import type { WriteRecord } from "./write-observer.ts";

interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number };
}
const Widget: Resource<Widget> = {
  group: "acme.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  listKind: "WidgetList",
  scope: "Namespaced",
};
const Node: Resource = {
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  singular: "node",
  listKind: "NodeList",
  scope: "Cluster",
};

const widget = (resourceVersion = "5"): Widget => ({
  apiVersion: "acme.com/v1",
  kind: "Widget",
  metadata: { name: "a", namespace: "n", uid: "u1", resourceVersion },
});
const key = { namespace: "n", name: "a" };

function setup(
  answer: TestAnswer | ((request: RecordedRequest, count: number) => TestAnswer),
  options: Partial<ClientOptions> = {},
) {
  const clock = createVirtualClock();
  let count = 0;
  const server = createTestServer((request) => (typeof answer === "function" ? answer(request, ++count) : answer));
  const client = createClient({ transport: server.transport, clock, fieldManager: "tester", ...options });
  const sent = (): string[] =>
    server.requests.map(
      ({ method, path, query }) =>
        `${method} ${path}${query.size > 0 ? `?${decodeURIComponent(query.toString())}` : ""}`,
    );
  return { clock, server, client, sent };
}

describe("client", () => {
  it("K07 K09 addresses each verb as the API wants it, with field manager and strict validation on writes", async () => {
    const { client, sent, server } = setup({ body: widget() });
    const write = "fieldManager=tester&fieldValidation=Strict";
    await client.get(Widget, key);
    await client.create(Widget, { metadata: key, spec: { size: 1 } });
    await client.update(Widget, widget());
    await client.patchJson(Widget, key, [{ op: "add", path: "/spec", value: {} }]);
    await client.patchMerge(Widget, key, { spec: null });
    await client.patchStrategic(Widget, key, { spec: null });
    await client.apply(Widget, { metadata: key, spec: { size: 2 } }, { force: true, fieldManager: "me", dryRun: true });
    await client.status.patchMerge(Widget, key, { status: {} });
    await client.scale.set(Widget, key, 3);
    await client.delete(Widget, key, { propagationPolicy: "Foreground", preconditions: { uid: "u1" } });
    await client.deleteAll(Widget, { namespace: "n", labelSelector: { a: "b" } });
    await client.get(Node, { name: "n1", namespace: "ignored" });
    const one = "/apis/acme.com/v1/namespaces/n/widgets/a";
    expect(sent()).toEqual([
      `GET ${one}`,
      `POST /apis/acme.com/v1/namespaces/n/widgets?${write}`,
      `PUT ${one}?${write}`,
      `PATCH ${one}?${write}`,
      `PATCH ${one}?${write}`,
      `PATCH ${one}?${write}`,
      `PATCH ${one}?fieldManager=me&fieldValidation=Strict&dryRun=All&force=true`,
      `PATCH ${one}/status?${write}`,
      `PATCH ${one}/scale?${write}`,
      `DELETE ${one}`,
      "DELETE /apis/acme.com/v1/namespaces/n/widgets?labelSelector=a=b",
      "GET /api/v1/nodes/n1",
    ]);
    expect(server.requests.map(({ headers }) => headers["content-type"]).slice(3, 7)).toEqual([
      "application/json-patch+json",
      "application/merge-patch+json",
      "application/strategic-merge-patch+json",
      "application/apply-patch+yaml",
    ]);
    expect(server.requests[1]!.body).toEqual({
      apiVersion: "acme.com/v1",
      kind: "Widget",
      metadata: key,
      spec: { size: 1 },
    });
    expect(server.requests[8]!.body).toEqual({ spec: { replicas: 3 } });
    expect(server.requests[9]!.body).toEqual({
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Foreground",
      preconditions: { uid: "u1" },
    });
  });

  it("K02 K03 throws the server's Status as an error", async () => {
    const { client } = setup((request) =>
      request.method === "GET" ? statusAnswer(404, "NotFound") : statusAnswer(409, "Conflict"),
    );
    await expect(client.get(Widget, key)).rejects.toSatisfy(isNotFound);
    await expect(client.update(Widget, widget())).rejects.toSatisfy(isConflict);
    expect(await client.find(Widget, key)).toBeUndefined();
  });

  it("makes an error of an answer that is no Status, with its code and its beginning", async () => {
    const { client } = setup({ status: 503, body: "<html>upstream   is\n away</html>" });
    const error = await client.get(Widget, key).catch((thrown) => thrown as ApiError);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 503,
      reason: "ServiceUnavailable",
      message: expect.stringContaining("<html>upstream is away</html>"),
    });
  });

  it("K26 gives items of lists the kind the API leaves out", async () => {
    const { client } = setup(listAnswer("Widget", [{ metadata: { name: "a" } }], "7"));
    expect(await client.list(Widget)).toMatchObject({
      items: [{ apiVersion: "acme.com/v1", kind: "Widget" }],
      resourceVersion: "7",
      continue: undefined,
    });
  });

  it("takes a list without items for an empty one", async () => {
    const { client } = setup({ body: { kind: "WidgetList", metadata: { resourceVersion: "1" }, items: null } });
    expect((await client.list(Widget)).items).toEqual([]);
  });

  it("K17 walks all pages", async () => {
    const { client, sent } = setup((request) =>
      request.query.get("continue")
        ? listAnswer("Widget", [{ metadata: { name: "b" } }], "7")
        : listAnswer("Widget", [{ metadata: { name: "a" } }], "7", { continue: "more" }),
    );
    const names: (string | undefined)[] = [];
    for await (const item of listAll(client, Widget, { limit: 1 })) names.push(item.metadata.name);
    expect(names).toEqual(["a", "b"]);
    expect(sent()).toEqual([
      "GET /apis/acme.com/v1/widgets?limit=1",
      "GET /apis/acme.com/v1/widgets?limit=1&continue=more",
    ]);
  });

  it("K18 repeats a request as long as the server asks with Retry-After, at most ten times", async () => {
    const busy = statusAnswer(429, "TooManyRequests", "busy", { "retry-after": "3" });
    const { client, clock, server } = setup((_, count) => (count <= 2 ? busy : { body: widget() }));
    const start = clock.now();
    let done = false;
    const written = client.update(Widget, widget()).then(() => (done = true));
    await clock.until(() => done, "the write");
    await written;
    expect(clock.now() - start).toBe(6000);
    expect(server.requests).toHaveLength(3);

    const always = setup(busy);
    let error: unknown;
    always.client.get(Widget, key).catch((thrown) => (error = thrown));
    await always.clock.until(() => error !== undefined, "the refusal");
    expect(error).toMatchObject({ code: 429, retryAfterMs: 3000 });
    expect(always.server.requests).toHaveLength(11);
  });

  it("K18 returns a 5xx without Retry-After at once", async () => {
    const { client, server } = setup(statusAnswer(500, "InternalError"));
    await expect(client.get(Widget, key)).rejects.toMatchObject({ code: 500 });
    expect(server.requests).toHaveLength(1);
  });

  it("K19 repeats a GET whose connection was lost, a second later, but no write", async () => {
    const lost = new ConnectionError("connection reset", "ECONNRESET", false);
    const clock = createVirtualClock();
    let requests = 0;
    const server = createTestServer(() => {
      if (++requests % 2 === 1) throw lost;
      return { body: widget() };
    });
    const client = createClient({ transport: server.transport, clock });
    let got: unknown;
    client.get(Widget, key).then((object) => (got = object));
    await clock.until(() => got !== undefined, "the object");
    expect(clock.monotonic()).toBe(1000);
    await expect(client.create(Widget, widget())).rejects.toBe(lost);
  });

  it("K20 tells each warning once", async () => {
    const warnings: string[] = [];
    const { client } = setup(
      { headers: { warning: '299 - "v1beta1 is \\"old\\"", 299 - "and, gone soon"' }, body: widget() },
      { onWarning: ({ text }) => warnings.push(text) },
    );
    await client.get(Widget, key);
    await client.get(Widget, key);
    expect(warnings).toEqual(['v1beta1 is "old"', "and, gone soon"]);
  });

  it("tells each write with what it changed, as far as versions show", async () => {
    const records: WriteRecord[] = [];
    const { client } = setup({ body: widget("6") }, { onWrite: (record) => records.push(record) });
    await client.update(Widget, widget("6"));
    await client.update(Widget, widget("5"));
    await client.patchMerge(Widget, key, {});
    await client.create(Widget, widget());
    await client.delete(Widget, key);
    expect(records.map(({ verb, changed, namespace, name }) => [verb, changed, namespace, name])).toEqual([
      ["update", false, "n", "a"],
      ["update", true, "n", "a"],
      ["patchMerge", undefined, "n", "a"],
      ["create", true, "n", "a"],
      ["delete", true, "n", "a"],
    ]);
  });

  it("tells no write that failed", async () => {
    const records: WriteRecord[] = [];
    const { client } = setup(statusAnswer(403, "Forbidden"), { onWrite: (record) => records.push(record) });
    await expect(client.create(Widget, widget())).rejects.toMatchObject({ code: 403 });
    expect(records).toEqual([]);
  });

  it("refuses what cannot be right before it is sent", async () => {
    const { client, server } = setup({ body: widget() });
    await expect(client.get(Widget, { name: "a" })).rejects.toThrow(
      'Widget "a": metadata.namespace is missing; widgets are namespaced',
    );
    await expect(client.create(Widget, { metadata: { name: "a" } })).rejects.toThrow("metadata.namespace is missing");
    await expect(client.update(Widget, { ...widget(), kind: "Gadget" })).rejects.toThrow(
      "object of kind Gadget was passed where Widget is expected",
    );
    await expect(client.apply(Widget, { metadata: { ...key, managedFields: [] } })).rejects.toThrow(
      "metadata.managedFields must not be set",
    );
    expect(() => createClient({ transport: server.transport, fieldManager: "x".repeat(129) })).toThrow(
      "1 to 128 characters",
    );
    expect(server.requests).toEqual([]);
  });

  it("never touches its argument", async () => {
    const { client } = setup({ body: widget("9") });
    const object = Object.freeze({ metadata: Object.freeze({ ...key }) });
    expect(await client.create(Widget, object)).toMatchObject({ metadata: { resourceVersion: "9" } });
    expect(object).toEqual({ metadata: key });
  });

  it("yields the events of a watch and ends it when the loop is left", async () => {
    const stream = createTestStream();
    const { client, sent } = setup({ stream });
    stream.event("ADDED", widget("5"));
    stream.event("ERROR", { kind: "Status", code: 410 });
    const seen: string[] = [];
    for await (const event of client.watch(Widget, { namespace: "n", resourceVersion: "4", sendInitialEvents: true })) {
      seen.push(event.type);
      if (event.type === "ERROR") break;
    }
    expect(seen).toEqual(["ADDED", "ERROR"]);
    expect(stream.open).toBe(false);
    expect(sent()).toEqual([
      "GET /apis/acme.com/v1/namespaces/n/widgets?watch=true&resourceVersion=4&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    ]);
  });

  it("ends the loop of a watch with the stream, and throws where the connection broke", async () => {
    const ending = createTestStream();
    ending.event("DELETED", widget());
    ending.end();
    const { client } = setup({ stream: ending });
    const types: string[] = [];
    for await (const { type } of client.watch(Widget)) types.push(type);
    expect(types).toEqual(["DELETED"]);
    const breaking = createTestStream();
    breaking.fail(new Error("reset"));
    await expect(setup({ stream: breaking }).client.watch(Widget)[Symbol.asyncIterator]().next()).rejects.toThrow(
      "reset",
    );
    await expect(
      setup(statusAnswer(410, "Expired")).client.watch(Widget)[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ reason: "Expired" });
  });
});
