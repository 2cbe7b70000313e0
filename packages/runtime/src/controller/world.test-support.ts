import { createVirtualClock, type KubeObject, type Resource, type Stored, type VirtualClock } from "@homeostat/api";
import { Registry } from "prom-client";
import type { RecordedEvent, Recorder } from "../events/recorder.ts";
import { ReconcileLedger } from "../ledger/ledger.ts";
import type { Logger } from "../log.ts";
import { ControllerMetrics } from "../metrics/controller-metrics.ts";
import { Controller, type ControllerDependencies } from "./controller.ts";
import type { ControllerDefinition } from "./definition.ts";
import { FakeCluster } from "./fake-cluster.test-support.ts";

/** Test support: a kind of our own, with the status subresource. */
export interface Widget extends KubeObject {
  readonly spec?: { readonly size?: number; readonly note?: string; readonly managementState?: string };
  readonly status?: Record<string, unknown>;
}

export const Widget: Resource<Widget> = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  singular: "widget",
  listKind: "WidgetList",
  scope: "Namespaced",
  subresources: ["status"],
};

/** Test support: controllers on a fake cluster in virtual time. */
export interface World {
  readonly clock: VirtualClock;
  readonly cluster: FakeCluster;
  readonly registry: Registry;
  readonly ledger: ReconcileLedger;
  readonly events: (RecordedEvent & { name: string })[];
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[];
  readonly dependencies: ControllerDependencies;
  // biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
  run(definition: ControllerDefinition<any>): Promise<Controller<any>>;
  widget(name: string, object?: Partial<Widget>): Promise<Stored<Widget>>;
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

export function createWorld(): World {
  const clock = createVirtualClock();
  const cluster = new FakeCluster(clock);
  const registry = new Registry();
  const ledger = new ReconcileLedger();
  const events: World["events"] = [];
  const lines: World["lines"] = [];
  const log = recordingLogger(lines, {});
  const recorder: Recorder = {
    event: (regarding, event) => void events.push({ ...event, name: regarding.metadata.name }),
    for: (regarding) => ({
      normal: (reason, message) => recorder.event(regarding, { type: "Normal", reason, message }),
      warning: (reason, message) => recorder.event(regarding, { type: "Warning", reason, message }),
    }),
    stop: async () => {},
  };
  const dependencies: ControllerDependencies = {
    client: cluster.client("manager"),
    cache: cluster.cache,
    recorder,
    ledger,
    metrics: new ControllerMetrics(registry),
    log,
    clock,
    random: () => 0.5,
  };
  return {
    clock,
    cluster,
    registry,
    ledger,
    events,
    lines,
    dependencies,
    async run(definition) {
      const controller = new Controller(definition, dependencies);
      await controller.start();
      return controller;
    },
    widget: (name, object = {}) =>
      cluster
        .client()
        .create(Widget, { spec: {}, ...object, metadata: { ...object.metadata, name, namespace: "demo" } }),
    async metric(name, labels = {}) {
      const { values } = (await registry.getSingleMetric(name)!.get()) as {
        values: { value: number; labels: Record<string, string> }[];
      };
      const found = values.find((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
      return found?.value ?? Number.NaN;
    },
  };
}

function recordingLogger(lines: World["lines"], bound: Record<string, unknown>): Logger {
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  };
}
