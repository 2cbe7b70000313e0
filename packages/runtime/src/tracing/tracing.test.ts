import { AsyncLocalStorage } from "node:async_hooks";
import {
  ConfigMap,
  CustomResourceDefinition,
  conditions,
  createVirtualClock,
  defineResource,
  intercept,
  isConflict,
  Namespace,
  type Transport,
  type TransportRequest,
} from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import {
  type Context,
  type ContextManager,
  context as otel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import { controllerFor } from "../controller/builder.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import { TerminalError } from "../controller/reconciler.ts";
import { silentLogger } from "../log.ts";
import { createManager } from "../manager/create-manager.ts";
import { formatTraceparent } from "./traceparent.ts";
import { TRACEPARENT_ANNOTATION, type TracingOptions } from "./tracing-options.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const inDemo = (name: string) => ({ namespace: "demo", name });

/** An API server, and operators on it that share nothing but it: each has a tracer and a process, so to say, of its own. */
async function world() {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  const operator = async (
    // biome-ignore lint/suspicious/noExplicitAny: whatever it reconciles, no variance fits
    definition: ControllerDefinition<any>,
    options: Omit<TracingOptions, "tracerProvider"> | false = {},
  ) => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const sent: TransportRequest[] = [];
    const transport: Transport = intercept(server.transport(), (next) => (request) => {
      sent.push(request);
      return next(request);
    });
    const manager = createManager({
      // Below all else, so that it sees what is sent.
      transport,
      clock,
      random: () => 0.5,
      log: silentLogger,
      name: definition.name,
      tracing: options && { tracerProvider, ...options },
    });
    stops.push(() => manager.stop());
    manager.add(definition);
    await manager.start();
    const spans = (name?: string) =>
      exporter.getFinishedSpans().filter((span) => name === undefined || span.name === name);
    return { manager, spans, sent, exporter };
  };
  return { clock, server, admin, operator };
}

/** Reconciles config maps whose name starts so. */
const operatorOf = (
  name: string,
  prefix: string,
  reconcile: Parameters<ReturnType<typeof controllerFor<ConfigMap>>["reconcile"]>[0],
): ControllerDefinition<ConfigMap> =>
  controllerFor(ConfigMap, { name }).reconcile(async (context) =>
    context.request.name.startsWith(prefix) ? reconcile(context) : undefined,
  );

const ms = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6;
const of = (name: string) => (span: ReadableSpan) => span.attributes["k8s.object.name"] === name;

describe("tracing", () => {
  test("H16 links event, wait in the queue, reconcile and its API calls in one trace", async () => {
    const { clock, admin, operator } = await world();
    const definition = operatorOf("widget", "w", async ({ client, object, clock: time }) => {
      await new Promise<void>((resolve) => time.setTimer(resolve, 2_000));
      await client.apply(ConfigMap, { metadata: { ...inDemo("child") }, data: { of: object.metadata.name } });
    });
    const { spans, sent } = await operator(definition);
    await admin.create(ConfigMap, { metadata: inDemo("w1") });
    await clock.advance(1_000);
    await admin.create(ConfigMap, { metadata: inDemo("w2") });
    await clock.until(() => spans("reconcile widget").filter(of("w2")).length > 0, "both reconciles");

    const [queue] = spans("queue widget").filter(of("w2"));
    const [reconcile] = spans("reconcile widget").filter(of("w2"));
    const [apply] = spans("apply configmaps").filter(
      (span) => span.spanContext().traceId === queue!.spanContext().traceId,
    );
    expect(queue!.parentSpanContext).toBeUndefined();
    expect(reconcile!.parentSpanContext?.spanId).toBe(queue!.spanContext().spanId);
    expect(apply!.parentSpanContext?.spanId).toBe(reconcile!.spanContext().spanId);

    // The second waited for the first, which took two seconds from its event on.
    expect(ms(queue!.endTime) - ms(queue!.startTime)).toBe(1_000);
    expect(ms(reconcile!.startTime)).toBe(ms(queue!.endTime));
    expect(ms(reconcile!.endTime) - ms(reconcile!.startTime)).toBe(2_000);
    expect(queue!.events).toMatchObject([
      {
        name: "event",
        attributes: { "homeostat.event": "added", "k8s.object.resource": "configmaps", "k8s.object.name": "w2" },
      },
    ]);
    expect(reconcile!.attributes).toMatchObject({
      "homeostat.controller": "widget",
      "homeostat.causes": ["added configmaps demo/w2"],
      "homeostat.reconcile.id": expect.stringMatching(/^[\da-f]{16}$/),
      "homeostat.reconcile.result": "success",
      "k8s.object.kind": "ConfigMap",
      "k8s.namespace.name": "demo",
    });
    expect(apply!.kind).toBe(SpanKind.CLIENT);
    expect(apply!.attributes).toMatchObject({
      "http.request.method": "PATCH",
      "url.path": "/api/v1/namespaces/demo/configmaps/child",
      "http.response.status_code": expect.toBeOneOf([200, 201]),
      "k8s.object.resource": "configmaps",
    });
    // W3C's header carries the trace to the API server, which may have a tracer of its own.
    const traceparents = sent.map(({ headers }) => headers?.["traceparent"]).filter(Boolean);
    expect(traceparents).toContain(formatTraceparent(apply!.spanContext()));
    expect(traceparents).toHaveLength(spans("apply configmaps").length);
    expect(JSON.stringify(sent.map(({ body }) => String(body)))).not.toContain("traceparent");
  });

  test("H16 tells failures: the reconcile's with its error, the call's with its status, conflicts as no failure", async () => {
    const { clock, admin, operator } = await world();
    const definition = operatorOf("widget", "w", async ({ client, object }) => {
      if (object.metadata.name === "w-terminal") throw new TerminalError("never");
      const metadata = { ...object.metadata, resourceVersion: "1" };
      await client.update(ConfigMap, { ...object, metadata }).catch((error) => {
        throw isConflict(error) && object.metadata.name === "w-failing" ? new Error("no", { cause: error }) : error;
      });
    });
    const { spans, manager } = await operator(definition);
    for (const name of ["w-terminal", "w-failing", "w-conflict"])
      await admin.create(ConfigMap, { metadata: inDemo(name) });
    await clock.until(
      () => ["w-terminal", "w-failing", "w-conflict"].every((name) => spans("reconcile widget").some(of(name))),
      "reconciles",
    );
    await manager.stop();
    const told = (name: string) => {
      const [span] = spans("reconcile widget").filter(of(name));
      return [
        span!.attributes["homeostat.reconcile.result"],
        span!.status.code,
        span!.events.map((event) => event.name),
      ];
    };
    expect(told("w-terminal")).toEqual(["terminal_error", SpanStatusCode.ERROR, ["exception"]]);
    expect(told("w-failing")).toEqual(["error", SpanStatusCode.ERROR, ["exception"]]);
    expect(told("w-conflict")).toEqual(["error", SpanStatusCode.UNSET, []]);
    expect(spans("update configmaps")[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "http.response.status_code": 409, "error.type": "409" },
    });
  });

  test("H16 links a trace to the reconcile of this process whose write woke it", async () => {
    const { clock, admin, operator } = await world();
    const definition = operatorOf("widget", "w", async ({ client, object }) => {
      if (object.metadata.name === "w1") await client.apply(ConfigMap, { metadata: inDemo("w2"), data: { a: "1" } });
    });
    const { spans } = await operator(definition);
    await admin.create(ConfigMap, { metadata: inDemo("w1") });
    await clock.until(() => spans("reconcile widget").some(of("w2")), "the reconcile of what was written");
    const [writer] = spans("reconcile widget").filter(of("w1"));
    const [woken] = spans("queue widget").filter(of("w2"));
    expect(woken!.spanContext().traceId).not.toBe(writer!.spanContext().traceId);
    expect(woken!.links.map(({ context }) => context)).toMatchObject([{ spanId: writer!.spanContext().spanId }]);
    expect(spans("queue widget").filter(of("w1"))[0]!.links).toEqual([]);
  });

  test("H16 links the traces of two operators through the object that one writes and the other watches", async () => {
    const { clock, admin, operator } = await world();
    const writing = operatorOf("upper", "u", async ({ client, object }) => {
      await client.apply(ConfigMap, { metadata: inDemo("lower"), data: { from: object.metadata.name } });
    });
    const upper = await operator(writing, { joinThroughObjects: true });
    const lower = await operator(operatorOf("lower", "lower", async () => {}));
    await admin.create(ConfigMap, { metadata: inDemo("u1") });
    await clock.until(() => lower.spans("reconcile lower").some(of("lower")), "the other operator");
    const [writer] = upper.spans("reconcile upper").filter(of("u1"));
    const [woken] = lower.spans("queue lower").filter(of("lower"));
    expect(woken!.links.map(({ context }) => context)).toMatchObject([
      { traceId: writer!.spanContext().traceId, spanId: writer!.spanContext().spanId, isRemote: true },
    ]);
  });

  test("H16 changes nothing by applying the same again, though each reconcile is a trace of its own", async () => {
    const { clock, admin, operator } = await world();
    const definition = operatorOf("upper", "u", async ({ client, object }) => {
      await client.apply(ConfigMap, { metadata: inDemo("lower"), data: { size: object.data?.["size"] ?? "0" } });
    });
    const { manager, spans } = await operator(definition, { joinThroughObjects: true });
    await admin.create(ConfigMap, { metadata: inDemo("u1") });
    await clock.until(() => spans("reconcile upper").some(of("u1")), "the first reconcile");
    const first = await admin.get(ConfigMap, inDemo("lower"));
    expect(first.metadata.annotations).toEqual({ [TRACEPARENT_ANNOTATION]: expect.stringMatching(/^00-/) });
    for (let round = 0; round < 3; round++) {
      manager.trigger("upper", inDemo("u1"), "again");
      await clock.advance(1_000);
    }
    expect(spans("reconcile upper").filter(of("u1")).length).toBeGreaterThanOrEqual(4);
    expect((await admin.get(ConfigMap, inDemo("lower"))).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    await admin.patchMerge(ConfigMap, inDemo("u1"), { data: { size: "1" } });
    await clock.advance(1_000);
    const { annotations } = (await admin.get(ConfigMap, inDemo("lower"))).metadata;
    expect(annotations?.[TRACEPARENT_ANNOTATION]).not.toBe(first.metadata.annotations?.[TRACEPARENT_ANNOTATION]);
  });

  test("H16 lets what is declared come to rest though its children carry a trace", async () => {
    const { clock, admin, operator } = await world();
    const App = defineResource({
      group: "example.com",
      version: "v1",
      kind: "App",
      spec: z.object({ size: z.int() }),
      status: z.object({ conditions: conditions().optional() }),
    });
    await admin.create(CustomResourceDefinition, App.crd());
    await clock.advance(5_000);
    const { sent, manager } = await operator(
      controllerFor(App).desired({
        children: [ConfigMap],
        desired: ({ spec }) => [
          {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "child" },
            data: { size: `${spec.size}` },
          } as ConfigMap,
        ],
      }),
      { joinThroughObjects: true },
    );
    await admin.create(App, { metadata: inDemo("app"), spec: { size: 1 } });
    await clock.until(async () => (await admin.find(ConfigMap, inDemo("child"))) !== undefined, "the child");
    await clock.advance(60_000);
    expect((await admin.get(ConfigMap, inDemo("child"))).metadata.annotations?.[TRACEPARENT_ANNOTATION]).toBeDefined();
    sent.length = 0;
    manager.trigger("app", inDemo("app"), "again");
    await clock.advance(60_000);
    expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("H16 takes spans of the reconciler for parents where OpenTelemetry knows the active one", async () => {
    const storage = new AsyncLocalStorage<Context>();
    const manager: ContextManager = {
      active: () => storage.getStore() ?? ROOT_CONTEXT,
      with: (context, run, self, ...given) => storage.run(context, () => run.apply(self, given)),
      bind: (_, target) => target,
      enable: () => manager,
      disable: () => manager,
    };
    otel.setGlobalContextManager(manager);
    stops.push(async () => otel.disable());
    const { clock, admin, operator } = await world();
    const definition = operatorOf("widget", "w", async ({ client }) => {
      const tracer = trace.getTracerProvider().getTracer("own");
      await tracer.startActiveSpan("own work", async (span) => {
        await client.get(Namespace, { name: "demo" });
        span.end();
      });
    });
    const exporter = new InMemorySpanExporter();
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    stops.push(async () => trace.disable());
    const { spans } = await operator(definition);
    await admin.create(ConfigMap, { metadata: inDemo("w1") });
    await clock.until(() => spans("reconcile widget").some(of("w1")), "the reconcile");
    const [own] = exporter.getFinishedSpans();
    const [call] = spans("get namespaces");
    expect(own!.parentSpanContext?.spanId).toBe(spans("reconcile widget").find(of("w1"))!.spanContext().spanId);
    expect(call!.parentSpanContext?.spanId).toBe(own!.spanContext().spanId);
  });

  test("H16 works without a registered SDK, and sends no empty context", async () => {
    const { clock, admin, server } = await world();
    const sent: TransportRequest[] = [];
    const manager = createManager({
      transport: intercept(server.transport(), (next) => (request) => {
        sent.push(request);
        return next(request);
      }),
      clock,
      random: () => 0.5,
      log: silentLogger,
      tracing: true,
    });
    stops.push(() => manager.stop());
    manager.add(
      operatorOf("widget", "w", async ({ client }) => {
        await client.apply(ConfigMap, { metadata: inDemo("child"), data: { a: "1" } });
      }),
    );
    await manager.start();
    await admin.create(ConfigMap, { metadata: inDemo("w1") });
    await clock.until(async () => (await admin.find(ConfigMap, inDemo("child"))) !== undefined, "the child");
    expect(sent.some(({ method }) => method === "PATCH")).toBe(true);
    expect(sent.some(({ headers }) => headers?.["traceparent"])).toBe(false);
  });

  test("H16 leaves out what a reconcile leaves running after it, and sends nothing where it is off", async () => {
    const { clock, admin, operator } = await world();
    const gate = Promise.withResolvers<void>();
    const definition = operatorOf("widget", "w", async ({ client }) => {
      void gate.promise.then(() => client.get(Namespace, { name: "demo" })).catch(() => {});
    });
    const { spans, sent } = await operator(definition);
    const off = await operator(
      operatorOf("other", "w", async ({ client }) => void (await client.get(Namespace, { name: "demo" }))),
      false,
    );
    await admin.create(ConfigMap, { metadata: inDemo("w1") });
    await clock.until(() => spans("reconcile widget").some(of("w1")), "the reconcile");
    gate.resolve();
    await clock.advance(10_000);
    const isLate = ({ path }: TransportRequest): boolean => path === "/api/v1/namespaces/demo";
    expect(sent.some(isLate)).toBe(true);
    expect(spans("get namespaces")).toEqual([]);
    expect(off.spans()).toEqual([]);
    expect(off.sent.some(isLate)).toBe(true);
    expect(off.sent.some(({ headers }) => headers?.["traceparent"])).toBe(false);
  });
});
