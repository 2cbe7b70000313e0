import type { Stored } from "@homeostat/api";
import { expect, test } from "vitest";
import { readinessOf } from "./readiness.ts";

const object = (apiVersion: string, kind: string, rest: object, metadata: object = {}): Stored =>
  ({
    apiVersion,
    kind,
    ...rest,
    metadata: { name: "a", uid: "u", resourceVersion: "1", generation: 2, ...metadata },
  }) as Stored;

const deployment = (status: object, spec: object = { replicas: 3 }) =>
  object("apps/v1", "Deployment", { spec, status });
const statefulSet = (status: object, spec: object = { replicas: 3 }) =>
  object("apps/v1", "StatefulSet", { spec, status });
const ready = (status: string, rest: object = {}) => ({ conditions: [{ type: "Ready", status, ...rest }] });

test.each<[string, Stored, true | string]>([
  [
    "a Deployment that is rolled out",
    deployment({ observedGeneration: 2, replicas: 3, updatedReplicas: 3, availableReplicas: 3 }),
    true,
  ],
  ["a Deployment nobody has looked at", deployment({}), "its controller has not seen it"],
  [
    "a Deployment judged on its old spec",
    deployment({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3 }),
    "has not seen the latest change",
  ],
  [
    "a Deployment with old replicas",
    deployment({ observedGeneration: 2, replicas: 4, updatedReplicas: 3, availableReplicas: 4 }),
    "1 old replicas",
  ],
  ["a Deployment scaled to nothing", deployment({ observedGeneration: 2 }, { replicas: 0 }), true],
  [
    "a Deployment that does not progress",
    deployment({
      observedGeneration: 2,
      conditions: [
        { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out progressing" },
      ],
    }),
    "timed out progressing",
  ],
  [
    "a StatefulSet that is up to date",
    statefulSet({
      observedGeneration: 2,
      readyReplicas: 3,
      updatedReplicas: 3,
      currentRevision: "b",
      updateRevision: "b",
    }),
    true,
  ],
  [
    "a StatefulSet in the middle of an update",
    statefulSet({
      observedGeneration: 2,
      readyReplicas: 3,
      updatedReplicas: 1,
      currentRevision: "a",
      updateRevision: "b",
    }),
    "1 of 3 replicas are updated",
  ],
  [
    "a StatefulSet updated as far as its partition",
    statefulSet(
      { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" },
      { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
    ),
    true,
  ],
  [
    "a DaemonSet",
    object("apps/v1", "DaemonSet", {
      status: { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 },
    }),
    "1 of 2 pods are available",
  ],
  [
    "a Job that is complete",
    object("batch/v1", "Job", { status: { conditions: [{ type: "Complete", status: "True" }] } }),
    true,
  ],
  [
    "a Job that has failed",
    object("batch/v1", "Job", {
      status: { conditions: [{ type: "Failed", status: "True", message: "backoff limit" }] },
    }),
    "backoff limit",
  ],
  ["a Pod that runs", object("v1", "Pod", { status: { phase: "Running", ...ready("True") } }), true],
  ["a Pod that is pending", object("v1", "Pod", { status: { phase: "Pending" } }), "is Pending"],
  ["a claim that is bound", object("v1", "PersistentVolumeClaim", { status: { phase: "Bound" } }), true],
  ["a claim that is pending", object("v1", "PersistentVolumeClaim", { status: { phase: "Pending" } }), "is Pending"],
  ["a Service inside the cluster", object("v1", "Service", { spec: { type: "ClusterIP" } }), true],
  [
    "a Service without its load balancer",
    object("v1", "Service", { spec: { type: "LoadBalancer" }, status: {} }),
    "has no address",
  ],
  ["a claim that has lost its volume", object("v1", "PersistentVolumeClaim", { status: { phase: "Lost" } }), "lost"],
  ["a CronJob", object("batch/v1", "CronJob", { status: {} }), true],
  ["an Ingress", object("networking.k8s.io/v1", "Ingress", { status: { loadBalancer: {} } }), true],
  [
    "an autoscaler without metrics",
    object("autoscaling/v2", "HorizontalPodAutoscaler", {
      status: { conditions: [{ type: "ScalingActive", status: "False" }] },
    }),
    true,
  ],
  [
    "an autoscaler without a target",
    object("autoscaling/v2", "HorizontalPodAutoscaler", {
      status: { conditions: [{ type: "AbleToScale", status: "False", message: "no such Deployment" }] },
    }),
    "no such Deployment",
  ],
  [
    "a budget that allows no disruption now",
    object("policy/v1", "PodDisruptionBudget", {
      status: {
        observedGeneration: 2,
        conditions: [{ type: "DisruptionAllowed", status: "False", reason: "InsufficientPods" }],
      },
    }),
    true,
  ],
  [
    "a budget that cannot be computed",
    object("policy/v1", "PodDisruptionBudget", {
      status: {
        observedGeneration: 2,
        conditions: [{ type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: "no scale" }],
      },
    }),
    "no scale",
  ],
  [
    "a definition whose names are taken",
    object("apiextensions.k8s.io/v1", "CustomResourceDefinition", {
      status: { conditions: [{ type: "NamesAccepted", status: "False", message: "taken by others" }] },
    }),
    "taken by others",
  ],
  [
    "a custom object that is stalled",
    object("example.com/v1", "Widget", {
      status: {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "Stalled", status: "True", message: "no way" },
        ],
      },
    }),
    "no way",
  ],
  [
    "a custom object that is being reconciled",
    object("example.com/v1", "Widget", {
      status: { conditions: [{ type: "Reconciling", status: "True", message: "at it" }] },
    }),
    "at it",
  ],
  ["a ConfigMap", object("v1", "ConfigMap", { data: {} }), true],
  ["a custom object that says Ready", object("example.com/v1", "Widget", { status: ready("True") }), true],
  [
    "a custom object that says why not",
    object("example.com/v1", "Widget", { status: ready("False", { message: "no room" }) }),
    "no room",
  ],
  [
    "a custom object judged on its old spec",
    object("example.com/v1", "Widget", { status: ready("True", { observedGeneration: 1 }) }),
    "has not seen the latest change",
  ],
  [
    "an object that is being deleted",
    object("v1", "ConfigMap", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    "is being deleted",
  ],
])("judges %s", (_, subject, expected) => {
  const readiness = readinessOf(subject);
  if (expected === true) expect(readiness).toEqual({ ready: true });
  else expect(readiness).toMatchObject({ ready: false, message: expect.stringContaining(expected) });
});

test.each<[string, Stored]>([
  ["a Job", object("batch/v1", "Job", { status: { conditions: [{ type: "Failed", status: "True" }] } })],
  ["a Pod", object("v1", "Pod", { status: { phase: "Failed" } })],
  [
    "a rollout past its deadline",
    deployment({ conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] }),
  ],
  [
    "a custom object",
    object("example.com/v1", "Widget", { status: { conditions: [{ type: "Stalled", status: "True" }] } }),
  ],
])("tells %s that has failed from one that takes its time", (_, subject) => {
  expect(readinessOf(subject)).toMatchObject({ ready: false, failed: true });
});
