import { createVirtualClock, type Json, type JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admin } from "../auth/user-info.ts";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import { builtinColumns } from "../tables/builtin-columns.ts";
import { toAutoscalerV1, toAutoscalerV2 } from "./autoscaler-versions.ts";
import { applyBuiltinDefaults } from "./defaults/defaults.ts";
import { builtinStrategy } from "./strategies/strategies.ts";

/** Something of everything that rules look at, for any kind. */
const everything: JsonObject = {
  metadata: {
    name: "x",
    uid: "u",
    labels: { a: "b" },
    annotations: { c: "d" },
    ownerReferences: [{ kind: "A", controller: true }],
    finalizers: ["f"],
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  type: "kubernetes.io/dockerconfigjson",
  data: { ".dockerconfigjson": "e30=" },
  stringData: { s: "t" },
  immutable: true,
  rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }],
  roleRef: { kind: "Role", name: "r" },
  subjects: [{ kind: "User", name: "u" }],
  webhooks: [
    {
      name: "a.b.c",
      clientConfig: { url: "https://x" },
      rules: [{ operations: ["*"] }],
      matchConditions: [{ name: "m" }],
    },
  ],
  subsets: [{ addresses: [{ ip: "1.2.3.4" }], ports: [{ port: 80 }] }],
  endpoints: [{ addresses: ["1.2.3.4"] }],
  involvedObject: { kind: "Pod", namespace: "ns" },
  series: { count: 2, lastObservedTime: "2026-01-01T00:00:00Z" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" }, matchExpressions: [{ key: "k", operator: "In", values: ["v"] }] },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          {
            name: "a",
            image: "x",
            env: [{ name: "E", valueFrom: { fieldRef: { fieldPath: "p" } } }],
            ports: [{ containerPort: 1 }],
            resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
            livenessProbe: { httpGet: { port: 1 } },
            volumeMounts: [{ name: "v", mountPath: "/" }],
          },
        ],
        volumes: [{ name: "v", projected: { sources: [{ serviceAccountToken: {} }] } }],
        tolerations: [{ key: "t" }],
      },
    },
    containers: [{ name: "a", image: "x" }],
    strategy: { rollingUpdate: { maxSurge: "1%" } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
    ports: [{ port: 80, nodePort: 1 }],
    clusterIPs: ["10.0.0.1"],
    versions: [{ name: "v1", storage: true }],
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { averageUtilization: 1 } } }],
    behavior: { scaleUp: {} },
    schedule: "* * * * *",
    jobTemplate: { spec: { template: {} } },
    limits: [{ type: "Container", max: { cpu: "1" } }],
    hard: { pods: "1" },
  },
  status: {
    phase: "Running",
    containerStatuses: [{ name: "a", state: { running: {} }, lastState: { terminated: { finishedAt: "x" } } }],
    initContainerStatuses: [{ state: { waiting: { reason: "r" } } }],
    conditions: [{ type: "Ready", status: "True" }],
    loadBalancer: { ingress: [{ ip: "1.1.1.1" }] },
    currentMetrics: [{ type: "Resource" }],
  },
};

/** Puts `value` somewhere into a copy of `object`; `steps` choose the way down. */
function damaged(object: JsonObject, steps: readonly number[], value: Json): JsonObject {
  const copy = structuredClone(object);
  let at: Json[] | JsonObject = copy;
  for (const [index, step] of steps.entries()) {
    const keys: string[] = Object.keys(at);
    if (keys.length === 0) break;
    const key = keys[step % keys.length]!;
    const next: Json | undefined = (at as JsonObject)[key];
    if (index === steps.length - 1 || typeof next !== "object" || next === null) {
      (at as JsonObject)[key] = value;
      break;
    }
    at = next;
  }
  return copy;
}

describe("rules of built-in kinds", () => {
  const context = { clock: createVirtualClock(), user: admin, dryRun: false, subresource: undefined };
  const kinds = loadBuiltinResources();

  it("never throw, whatever stands where", () => {
    const step = fc.nat(40);
    const value = fc.constantFrom<Json>(null, 0, -1, "", "x", true, [], {}, [null], [""], { "": null });
    fc.assert(
      fc.property(
        fc.nat(kinds.length - 1),
        fc.array(step, { minLength: 1, maxLength: 9 }),
        value,
        fc.array(step, { minLength: 1, maxLength: 5 }),
        value,
        (kind, first, a, second, b) => {
          const facts = kinds[kind]!;
          const object = damaged(damaged(everything, first, a), second, b);
          const strategy = builtinStrategy(facts.group, facts.kind);
          const columns = builtinColumns(facts.group, facts.kind);
          expect(columns.cells(object, 0)).toHaveLength(columns.columns.length);
          columns.conditions?.(object);
          strategy.fields?.(object);
          strategy.warnings?.(object);
          strategy.gracePeriodSeconds?.(object, undefined);
          toAutoscalerV1(toAutoscalerV2(object));
          const created = structuredClone(object);
          applyBuiltinDefaults(facts, created);
          strategy.prepareForCreate?.(created, context);
          strategy.validate?.(created, context);
          strategy.prepareForUpdate?.(created, object, context);
          strategy.validateUpdate?.(created, object, context);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
