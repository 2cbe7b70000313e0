import { ConfigMap, createVirtualClock } from "@homeostat/api";
import { createDevCluster, expectApplied, expectExists } from "@homeostat/devcluster";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { expect, onTestFinished, test } from "vitest";
import { Note, noteOperator, why } from "./operator.ts";

const key = { namespace: "default", name: "shopping" };

async function setUp() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const { operator, options } = noteOperator({ tracerProvider });
  const manager = await cluster.run(operator, options);
  await expectApplied(cluster, Note.object({ metadata: key, spec: { text: "milk and bread" } }));
  await expectExists(cluster, ConfigMap, key);
  await clock.advance(1_000);
  return { clock, cluster, manager, exporter };
}

test("counts in a metric of its own, beside those of the runtime", async () => {
  const { manager } = await setUp();
  const text = await manager.metrics.text();
  expect(text).toContain("notes_words_total 3");
  expect(text).toContain('controller_runtime_reconcile_total{controller="note",result="success"} 1');
});

test("makes a trace of a reconcile, with its requests", async () => {
  const { exporter } = await setUp();
  const spans = exporter.getFinishedSpans();
  const reconcile = spans.find(({ name }) => name === "reconcile note")!;
  expect(reconcile.attributes).toMatchObject({
    "k8s.object.name": "shopping",
    "homeostat.reconcile.result": "success",
  });
  const requests = spans.filter(
    ({ parentSpanContext }) => parentSpanContext?.spanId === reconcile.spanContext().spanId,
  );
  expect(requests.map(({ name }) => name)).toEqual(["apply configmaps"]);
});

test("knows why each reconcile ran, and what it changed", async () => {
  const { clock, cluster, manager } = await setUp();
  await cluster.client.patchMerge(Note, key, { spec: { text: "milk" } }, { fieldManager: "kubectl-edit" });
  await clock.advance(1_000);
  expect(why(manager.ledger, "shopping")).toEqual([
    "notes.example.com/shopping was added by test: success, apply configmaps/shopping",
    "notes.example.com/shopping was updated by kubectl-edit: success, apply configmaps/shopping",
  ]);
});
