import { createVirtualClock, type JsonObject, type StatusCause } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { admin } from "../../auth/user-info.ts";
import { applyBuiltinDefaults } from "../defaults/defaults.ts";
import { builtinStrategy } from "../strategies/strategies.ts";
import { cronProblem } from "./cron-schedule.ts";
import { validateObjectMeta } from "./object-meta.ts";

const context = { clock: createVirtualClock(), user: admin, dryRun: false, subresource: undefined };
const lines = (causes: readonly StatusCause[]): string[] => causes.map(({ field, message }) => `${field}: ${message}`);

/** Findings of a create, after defaults and preparation. */
function created(group: string, kind: string, object: JsonObject): string[] {
  const candidate = structuredClone({ metadata: { name: "x", uid: "u", namespace: "ns" }, ...object }) as JsonObject;
  applyBuiltinDefaults({ group, version: "v1", kind }, candidate);
  const strategy = builtinStrategy(group, kind);
  strategy.prepareForCreate?.(candidate, context);
  return lines(strategy.validate?.(candidate, context) ?? []);
}

/** Findings of a change from one object to another. */
function changed(group: string, kind: string, before: JsonObject, after: JsonObject): string[] {
  const strategy = builtinStrategy(group, kind);
  const [old, sent] = [before, after].map((each) => {
    const object = structuredClone({ metadata: { name: "x", uid: "u", namespace: "ns" }, ...each }) as JsonObject;
    applyBuiltinDefaults({ group, version: "v1", kind }, object);
    return object;
  }) as [JsonObject, JsonObject];
  strategy.prepareForUpdate?.(sent, old, context);
  return lines(strategy.validateUpdate?.(sent, old, context) ?? []);
}

const container = { name: "web", image: "nginx:1" };
const labelled = { metadata: { labels: { app: "web" } }, spec: { containers: [container] } };
const selector = { matchLabels: { app: "web" } };
const workload: JsonObject = { selector, template: labelled };

describe("metadata of any kind", () => {
  const checked = (metadata: JsonObject): string[] => lines(validateObjectMeta({ metadata }));

  it("B050 takes good metadata", () => {
    const ownerReferences = [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "r", uid: "1", controller: true }];
    expect(
      checked({
        labels: { "example.com/a": "b", c: "" },
        annotations: { "Example.com/A": "any text\n" },
        finalizers: ["example.com/f", "foregroundDeletion"],
        ownerReferences,
      }),
    ).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    [
      "label key",
      { labels: { "a b": "c" } },
      'metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters',
    ],
    [
      "label value",
      { labels: { a: "-" } },
      'metadata.labels: Invalid value: "-": a valid label must be an empty string',
    ],
    [
      "annotation key",
      { annotations: { "a/b/c": "" } },
      'metadata.annotations: Invalid value: "a/b/c": a qualified name',
    ],
    ["finalizer", { finalizers: ["a b"] }, 'metadata.finalizers: Invalid value: "a b"'],
    ["two policies", { finalizers: ["orphan", "foregroundDeletion"] }, "cannot be both set"],
  ])("B050 refuses a bad %s", (_title, metadata, expected) => {
    expect(checked(metadata).join("\n")).toContain(expected);
  });

  it("B050 refuses annotations of more than 256 KiB together", () => {
    const annotations = { a: "x".repeat(200_000), b: "x".repeat(63_000) };
    expect(checked({ annotations })).toEqual(["metadata.annotations: Too long: may not be more than 262144 bytes"]);
    expect(checked({ annotations: { ...annotations, b: "x" } })).toEqual([]);
  });

  it("B117 demands all of an owner reference, one controller, and no Event as owner", () => {
    expect(checked({ ownerReferences: [{}] })).toEqual([
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
      'metadata.ownerReferences.kind: Invalid value: "": kind must not be empty',
      'metadata.ownerReferences.name: Invalid value: "": name must not be empty',
      'metadata.ownerReferences.uid: Invalid value: "": uid must not be empty',
    ]);
    const owner = { apiVersion: "v1", kind: "ConfigMap", uid: "1", controller: true };
    expect(
      checked({
        ownerReferences: [
          { ...owner, name: "a" },
          { ...owner, name: "b" },
        ],
      }).join(),
    ).toContain("in references for a and b");
    expect(checked({ ownerReferences: [{ apiVersion: "v1", kind: "Event", name: "e", uid: "1" }] }).join()).toContain(
      "disallowed from being an owner",
    );
  });
});

describe("pods", () => {
  const withContainer = (more: JsonObject, spec: JsonObject = {}): JsonObject => ({
    spec: { containers: [{ ...container, ...more }], ...spec },
  });

  it("B295 takes a good pod", () => {
    const pod = withContainer(
      {
        ports: [{ containerPort: 80, name: "http" }],
        env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }],
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
      { volumes: [{ name: "v", secret: { secretName: "s" } }], tolerations: [{ operator: "Exists" }] },
    );
    expect(created("", "Pod", pod)).toEqual([]);
  });

  it.each<[string, JsonObject, string]>([
    ["no container", { spec: {} }, "spec.containers: Required value"],
    ["no image", { spec: { containers: [{ name: "a" }] } }, "spec.containers[0].image: Required value"],
    ["no name", { spec: { containers: [{ image: "x" }] } }, "spec.containers[0].name: Required value"],
    [
      "a bad name",
      { spec: { containers: [{ name: "A_b", image: "x" }] } },
      'spec.containers[0].name: Invalid value: "A_b": a lowercase RFC 1123 label',
    ],
    [
      "two of one name",
      { spec: { containers: [container, container] } },
      'spec.containers[1].name: Duplicate value: "web"',
    ],
    [
      "one name in both lists",
      { spec: { containers: [container], initContainers: [container] } },
      'spec.initContainers[0].name: Duplicate value: "web"',
    ],
    [
      "a port out of range",
      withContainer({ ports: [{ containerPort: 70000 }] }),
      "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    ],
    [
      "a mount of nothing",
      withContainer({ volumeMounts: [{ name: "v", mountPath: "/v" }] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    ["a nameless variable", withContainer({ env: [{ value: "1" }] }), "spec.containers[0].env[0].name: Required value"],
    [
      "value and source",
      withContainer({ env: [{ name: "A", value: "1", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
    [
      "more requested than allowed",
      withContainer({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      "a probe that probes nothing",
      withContainer({ livenessProbe: {} }),
      "spec.containers[0].livenessProbe: Required value: must specify a handler type",
    ],
    [
      "an unknown policy",
      withContainer({}, { restartPolicy: "Sometimes" }),
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      "two sources in a volume",
      withContainer({}, { volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] }),
      "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    ],
    [
      "a toleration of nothing",
      withContainer({}, { tolerations: [{ value: "a" }] }),
      "spec.tolerations[0].operator: Invalid value",
    ],
  ])("B295 refuses a pod with %s", (_title, pod, expected) => {
    const found = created("", "Pod", pod);
    expect(found.join("\n")).toContain(
      expected.replace('"Always", "OnFailure", "Never"', '"Always", "Never", "OnFailure"'),
    );
    expect(found).toHaveLength(1);
  });

  it.each<[string, JsonObject]>([
    ["an image", { containers: [{ ...container, image: "nginx:2" }] }],
    ["a deadline", { containers: [container], activeDeadlineSeconds: 5 }],
    ["one more toleration", { containers: [container], tolerations: [{ key: "a", operator: "Exists" }] }],
  ])("B059 lets %s of a pod change", (_title, spec) => {
    expect(changed("", "Pod", { spec: { containers: [container] } }, { spec })).toEqual([]);
  });

  it("B059 refuses other changes of a pod", () => {
    const found = changed(
      "",
      "Pod",
      { spec: { containers: [container] } },
      { spec: { containers: [container], nodeSelector: { a: "b" } } },
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(
      "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
    );
    const fewer = changed(
      "",
      "Pod",
      { spec: { containers: [container], tolerations: [{ key: "a", operator: "Exists" }] } },
      { spec: { containers: [container] } },
    );
    expect(fewer[0]).toContain("spec.tolerations: Forbidden");
  });

  it("lets a pod that waits at a gate be narrowed, but gates only be removed", () => {
    const gated = { spec: { containers: [container], schedulingGates: [{ name: "a/b" }] } };
    expect(changed("", "Pod", gated, { spec: { containers: [container], nodeSelector: { a: "b" } } })).toEqual([]);
    expect(changed("", "Pod", { spec: { containers: [container] } }, gated)[0]).toContain("only deletion is allowed");
  });
});

describe("workloads", () => {
  it.each(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])(
    "B291 takes a good %s and demands that its selector fits its template",
    (kind) => {
      expect(created("apps", kind, { spec: workload })).toEqual([]);
      expect(created("apps", kind, { spec: { template: labelled } })).toEqual(["spec.selector: Required value"]);
      expect(created("apps", kind, { spec: { ...workload, selector: { matchLabels: { app: "other" } } } })).toEqual([
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ]);
      expect(created("apps", kind, { spec: { ...workload, selector: {} } }).join()).toContain(
        "empty selector is invalid for",
      );
    },
  );

  it.each(["Deployment", "ReplicaSet", "DaemonSet"])("B059 keeps the selector of a %s", (kind) => {
    const other = {
      selector: { matchLabels: { app: "web", tier: "a" } },
      template: { ...labelled, metadata: { labels: { app: "web", tier: "a" } } },
    };
    const found = changed("apps", kind, { spec: workload }, { spec: other });
    expect(found).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"a"}}: field is immutable',
    ]);
  });

  it("B291 lets the containers of a StatefulSet mount its claims", () => {
    const mounting = { ...container, volumeMounts: [{ name: "data", mountPath: "/data" }] };
    const template = { ...labelled, spec: { ...labelled.spec, containers: [mounting] } };
    const claim = { metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } };
    expect(created("apps", "StatefulSet", { spec: { ...workload, template, volumeClaimTemplates: [claim] } })).toEqual(
      [],
    );
    expect(created("apps", "StatefulSet", { spec: { ...workload, template } })).toEqual([
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ]);
  });

  it("B059 lets only some of a StatefulSet change", () => {
    expect(
      changed("apps", "StatefulSet", { spec: workload }, { spec: { ...workload, replicas: 3, minReadySeconds: 5 } }),
    ).toEqual([]);
    expect(changed("apps", "StatefulSet", { spec: workload }, { spec: { ...workload, serviceName: "other" } })).toEqual(
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    );
  });

  it.each<[string, JsonObject, string]>([
    ["negative replicas", { replicas: -1 }, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
    [
      "an unknown strategy",
      { strategy: { type: "Blue" } },
      'spec.strategy.type: Unsupported value: "Blue": supported values: "Recreate", "RollingUpdate"',
    ],
    [
      "a strategy that cannot move",
      { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } },
      "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ],
    [
      "Recreate with rolling",
      { strategy: { type: "Recreate", rollingUpdate: {} } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ],
    [
      "pods that end",
      { template: { ...labelled, spec: { ...labelled.spec, restartPolicy: "Never" } } },
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      "a deadline before readiness",
      { minReadySeconds: 600 },
      "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
    ],
  ])("B295 refuses a Deployment with %s", (_title, spec, expected) => {
    expect(created("apps", "Deployment", { spec: { ...workload, ...spec } })).toEqual([expected]);
  });

  const job: JsonObject = { template: { spec: { containers: [container], restartPolicy: "Never" } } };

  it("B295 demands that a Job's pods end", () => {
    expect(created("batch", "Job", { spec: job })).toEqual([]);
    expect(created("batch", "Job", { spec: { template: { spec: { containers: [container] } } } })).toEqual([
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
    expect(created("batch", "Job", { spec: { ...job, selector } })).toContainEqual(
      expect.stringContaining("`selector` not auto-generated"),
    );
  });

  it("B059 keeps template and completions of a Job, but not its parallelism", () => {
    const own = { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } };
    const labelledJob = (more: JsonObject, image = "nginx:1"): JsonObject => ({
      spec: {
        selector: own,
        template: {
          metadata: { labels: { "batch.kubernetes.io/controller-uid": "u" } },
          spec: { containers: [{ name: "web", image }], restartPolicy: "Never" },
        },
        ...more,
      },
    });
    expect(changed("batch", "Job", labelledJob({}), labelledJob({ parallelism: 0, completions: 1 }))).toEqual([]);
    expect(changed("batch", "Job", labelledJob({}), labelledJob({ completions: 2 }))).toEqual([
      "spec.completions: Invalid value: 2: field is immutable",
    ]);
    expect(changed("batch", "Job", labelledJob({}), labelledJob({}, "nginx:2"))[0]).toContain(
      "spec.template: Invalid value",
    );
  });

  it.each([
    ["*/5 * * * *", undefined],
    ["0 0 1 jan,feb mon-fri", undefined],
    ["@hourly", undefined],
    ["@never", "unrecognized descriptor: @never"],
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["60 * * * *", "end of range (60) above maximum (59): 60"],
    ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["a * * * *", "failed to parse int from a"],
    ["TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"],
  ])("B295 judges the schedule %s: %s", (schedule, problem) => {
    expect(cronProblem(schedule)).toBe(problem);
  });

  it("B295 checks a CronJob", () => {
    const spec: JsonObject = { schedule: "0 * * * *", timeZone: "Europe/Berlin", jobTemplate: { spec: job } };
    expect(created("batch", "CronJob", { spec })).toEqual([]);
    expect(
      created("batch", "CronJob", {
        spec: { ...spec, schedule: "hourly", timeZone: "Mars/Base", concurrencyPolicy: "Maybe" },
      }),
    ).toEqual([
      'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"',
      'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
      'spec.schedule: Invalid value: "hourly": expected exactly 5 fields, found 1: [hourly]',
    ]);
  });
});

describe("services, configuration, storage", () => {
  it.each<[string, JsonObject, string[]]>([
    ["nothing wrong", { ports: [{ port: 80 }] }, []],
    ["no ports", {}, ["spec.ports: Required value"]],
    ["no ports, headless", { clusterIP: "None" }, []],
    ["nameless ports", { ports: [{ port: 80, name: "a" }, { port: 81 }] }, ["spec.ports[1].name: Required value"]],
    [
      "one name twice",
      {
        ports: [
          { port: 80, name: "a" },
          { port: 81, name: "a" },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [
      "a port out of range",
      { ports: [{ port: 0, targetPort: 1 }] },
      ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"],
    ],
    [
      "a node port without the type",
      { ports: [{ port: 80, nodePort: 30000 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      "an unknown type",
      { type: "Magic", ports: [{ port: 80 }] },
      [
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    ["an external name that is none", { type: "ExternalName" }, ["spec.externalName: Required value"]],
    [
      "an address that is none",
      { clusterIP: "10.0.0", ports: [{ port: 80 }] },
      ['spec.clusterIPs[0]: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
  ])("B295 judges a Service with %s", (_title, spec, expected) => {
    expect(created("", "Service", { spec })).toEqual(expected);
  });

  it("B059 keeps the address of a Service", () => {
    const spec = { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"], ports: [{ port: 80 }] };
    expect(changed("", "Service", { spec }, { spec: { ports: [{ port: 81 }] } })).toEqual([]);
    expect(
      changed("", "Service", { spec }, { spec: { ...spec, clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.2"] } }),
    ).toEqual(['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']);
  });

  it("B292 checks keys, sizes and overlaps of a ConfigMap", () => {
    expect(created("", "ConfigMap", { data: { "a.b-c_d": "x" }, binaryData: { e: "AA==" } })).toEqual([]);
    expect(created("", "ConfigMap", { data: { "a b": "x" } })[0]).toContain(
      'data[a b]: Invalid value: "a b": a valid config key',
    );
    expect(created("", "ConfigMap", { data: { a: "x" }, binaryData: { a: "AA==" } })).toEqual([
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ]);
    expect(created("", "ConfigMap", { data: { a: "x".repeat(1024 * 1024 + 1) } })).toEqual([
      ": Too long: may not be more than 1048576 bytes",
    ]);
  });

  it("B292 keeps what was declared immutable", () => {
    const old = { immutable: true, data: { a: "1" } };
    expect(changed("", "ConfigMap", old, { ...old, metadata: { labels: { a: "b" }, name: "x" } })).toEqual([]);
    expect(changed("", "ConfigMap", old, { data: { a: "2" } })).toEqual([
      "immutable: Forbidden: field is immutable when `immutable` is set",
      "data: Forbidden: field is immutable when `immutable` is set",
    ]);
    expect(
      changed("", "Secret", { immutable: true, data: { a: "MQ==" } }, { immutable: true, data: { a: "Mg==" } }),
    ).toEqual(["data: Forbidden: field is immutable when `immutable` is set"]);
  });

  it.each<[string, JsonObject, string[]]>([
    ["kubernetes.io/tls", { "tls.crt": "" }, ["data[tls.key]: Required value"]],
    ["kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]: Required value"]],
    [
      "kubernetes.io/dockerconfigjson",
      { ".dockerconfigjson": "bm90" },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON'],
    ],
    ["kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]],
    ["kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]],
    ["kubernetes.io/basic-auth", { username: "" }, []],
    [
      "kubernetes.io/service-account-token",
      {},
      ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
    ],
    ["example.com/mine", {}, []],
  ])("B292 knows what a Secret of type %s holds", (type, data, expected) => {
    expect(created("", "Secret", { type, data })).toEqual(expected);
  });

  it("B059 keeps the type of a Secret", () => {
    expect(changed("", "Secret", { type: "a/b" }, { type: "a/c" })).toEqual([
      'type: Invalid value: "a/c": field is immutable',
    ]);
  });

  it("B293 demands access modes and a size of a claim, and lets it only grow", () => {
    expect(created("", "PersistentVolumeClaim", { spec: {} })).toEqual([
      "spec.accessModes: Required value: at least 1 access mode is required",
      "spec.resources[storage]: Required value",
    ]);
    const spec = (storage: string, more: JsonObject = {}): JsonObject => ({
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...more },
    });
    const bound = { ...spec("2Gi", { volumeName: "v" }), status: { capacity: { storage: "2Gi" } } };
    expect(changed("", "PersistentVolumeClaim", spec("1Gi"), spec("2Gi", { volumeName: "v" }))).toEqual([]);
    expect(changed("", "PersistentVolumeClaim", bound, spec("1Gi", { volumeName: "v" }))).toEqual([
      "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
    ]);
    expect(changed("", "PersistentVolumeClaim", bound, spec("2Gi", { volumeName: "w" }))[0]).toContain(
      "spec: Forbidden: spec is immutable after creation",
    );
  });

  it("B293 takes changes of a claim whose volume is larger than it asked for", () => {
    const claim = {
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, volumeName: "v" },
      status: { capacity: { storage: "2Gi" } },
    };
    expect(changed("", "PersistentVolumeClaim", claim, claim)).toEqual([]);
  });
});

describe("networking and policies", () => {
  const backend = { service: { name: "s", port: { number: 80 } } };

  it("B294 checks an Ingress", () => {
    const path = (more: JsonObject): JsonObject => ({
      spec: { rules: [{ host: "a.example", http: { paths: [{ path: "/", backend, ...more }] } }] },
    });
    expect(created("networking.k8s.io", "Ingress", path({ pathType: "Prefix" }))).toEqual([]);
    expect(created("networking.k8s.io", "Ingress", path({}))).toEqual([
      "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
    ]);
    expect(created("networking.k8s.io", "Ingress", path({ pathType: "Exact", path: "x" }))).toEqual([
      'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
    ]);
    expect(created("networking.k8s.io", "Ingress", { spec: {} })).toEqual([
      "spec: Invalid value: {}: either `defaultBackend` or `rules` must be specified",
    ]);
    const both = {
      metadata: { annotations: { "kubernetes.io/ingress.class": "a" } },
      spec: { ingressClassName: "b", defaultBackend: backend },
    };
    expect(created("networking.k8s.io", "Ingress", both)).toEqual([
      'metadata.annotations[kubernetes.io/ingress.class]: Invalid value: "a": can not be set when the class field is also set',
    ]);
    expect(changed("networking.k8s.io", "Ingress", both, both)).toEqual([]);
  });

  it("B295 checks an autoscaler and a disruption budget", () => {
    const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
    expect(created("autoscaling", "HorizontalPodAutoscaler", { spec: { scaleTargetRef, maxReplicas: 3 } })).toEqual([]);
    expect(
      created("autoscaling", "HorizontalPodAutoscaler", { spec: { scaleTargetRef, minReplicas: 5, maxReplicas: 3 } }),
    ).toEqual(["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]);
    expect(created("policy", "PodDisruptionBudget", { spec: { minAvailable: 1, maxUnavailable: "x" } })).toEqual([
      'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"x"}: minAvailable and maxUnavailable cannot be both set',
      expect.stringContaining('spec.maxUnavailable: Invalid value: "x": a valid percent string'),
    ]);
  });

  it("B294 checks roles and bindings, and keeps what a binding binds", () => {
    const group = "rbac.authorization.k8s.io";
    expect(created(group, "Role", { rules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }] })).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ]);
    expect(created(group, "ClusterRole", { rules: [{ verbs: [], resources: ["pods"] }] })).toEqual([
      "rules[0].verbs: Required value: verbs must contain at least one value",
      "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    ]);
    const binding = { roleRef: { kind: "Role", name: "r" }, subjects: [{ kind: "ServiceAccount", name: "s" }] };
    expect(created(group, "RoleBinding", binding)).toEqual(["subjects[0].namespace: Required value"]);
    expect(
      changed(
        group,
        "RoleBinding",
        { roleRef: { kind: "Role", name: "r" } },
        { roleRef: { kind: "Role", name: "other" } },
      )[0],
    ).toContain("cannot change roleRef");
  });

  it("B059 keeps what a StorageClass and a PriorityClass mean", () => {
    expect(
      changed("storage.k8s.io", "StorageClass", { provisioner: "a" }, { provisioner: "b", parameters: { x: "y" } }),
    ).toEqual([
      "parameters: Forbidden: updates to parameters are forbidden.",
      "provisioner: Forbidden: updates to provisioner are forbidden.",
    ]);
    expect(changed("scheduling.k8s.io", "PriorityClass", { value: 1 }, { value: 2 })).toEqual([
      "value: Forbidden: may not be changed in an update.",
    ]);
    expect(created("scheduling.k8s.io", "PriorityClass", { value: 2_000_000_000 })[0]).toContain(
      "maximum allowed value",
    );
    expect(
      created("scheduling.k8s.io", "PriorityClass", {
        metadata: { name: "system-node-critical" },
        value: 2_000_001_000,
      }),
    ).toEqual([]);
  });

  it("B279 checks a Lease", () => {
    expect(
      created("coordination.k8s.io", "Lease", { spec: { leaseDurationSeconds: 15, leaseTransitions: 0 } }),
    ).toEqual([]);
    expect(
      created("coordination.k8s.io", "Lease", { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }),
    ).toEqual([
      "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
      "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]);
  });

  it("B227 checks webhooks", () => {
    const webhook: JsonObject = {
      name: "a.example.com",
      clientConfig: { url: "https://localhost:9443/x" },
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
    };
    const group = "admissionregistration.k8s.io";
    expect(created(group, "ValidatingWebhookConfiguration", { webhooks: [webhook] })).toEqual([]);
    const bad = {
      ...webhook,
      name: "short",
      clientConfig: { url: "http://x" },
      admissionReviewVersions: [],
      sideEffects: "Some",
      timeoutSeconds: 31,
    };
    expect(created(group, "ValidatingWebhookConfiguration", { webhooks: [bad] })).toEqual([
      'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
      "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
      "webhooks[0].clientConfig.url: Invalid value: \"http://x\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
      "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
      'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ]);
  });

  it("B231 refuses a policy binding that both denies and warns", () => {
    const binding = (validationActions: string[]): string[] =>
      created("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", {
        spec: { policyName: "p", validationActions },
      });
    expect(binding(["Deny"])).toEqual([]);
    expect(binding(["Deny", "Warn"])[0]).toContain("must not contain both Deny and Warn");
  });
});

describe("events", () => {
  const core: JsonObject = {
    metadata: { name: "e", namespace: "ns" },
    involvedObject: { kind: "Pod", name: "p", namespace: "ns" },
  };

  it("B276 keeps an event where its object is", () => {
    expect(created("", "Event", core)).toEqual([]);
    expect(created("", "Event", { ...core, involvedObject: { namespace: "other" } })).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    expect(
      created("", "Event", { metadata: { name: "e", namespace: "default" }, involvedObject: { kind: "Node" } }),
    ).toEqual([]);
  });

  it("B276 demands of a core event with a time of its own what the new API demands", () => {
    const timed = { ...core, eventTime: "2026-01-01T00:00:00.000000Z", message: "x".repeat(1025) };
    expect(created("", "Event", timed)).toEqual([
      "reportingComponent: Required value",
      "reportingInstance: Required value",
      "action: Required value",
      "reason: Required value",
      'message: Invalid value: "": can have at most 1024 characters',
    ]);
  });

  it("B276 B278 demands more of new events, and keeps them as they are", () => {
    const event: JsonObject = {
      metadata: { name: "e", namespace: "ns" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      reportingController: "example.com/c",
      reportingInstance: "c-0",
      action: "Sync",
      reason: "Synced",
      type: "Normal",
      regarding: { kind: "Pod", namespace: "ns" },
      note: "done",
    };
    expect(created("events.k8s.io", "Event", event)).toEqual([]);
    expect(
      created("events.k8s.io", "Event", {
        metadata: event["metadata"]!,
        regarding: event["regarding"]!,
        note: "x".repeat(1025),
        type: "Odd",
      }),
    ).toEqual([
      "eventTime: Required value",
      "reportingController: Required value",
      "reportingInstance: Required value",
      "action: Required value",
      "reason: Required value",
      'note: Invalid value: "": can have at most 1024 characters',
      'type: Unsupported value: "Odd": supported values: "Normal", "Warning"',
    ]);
    expect(changed("events.k8s.io", "Event", event, { ...event, series: { count: 2 } })).toEqual([]);
    expect(changed("events.k8s.io", "Event", event, { ...event, note: "other" })).toEqual([
      'note: Invalid value: "other": field is immutable',
    ]);
  });
});
