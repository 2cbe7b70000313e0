import { ApiError, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { AdmissionAttributes } from "../../admission/admission.ts";
import { createAdmission } from "../../admission/admission.ts";
import { admin } from "../../auth/user-info.ts";
import type { Lookup } from "./lookup.ts";
import { type BuiltinAdmissionOptions, builtinAdmissionPlugins } from "./plugins.ts";

/** A cluster of a few objects, by `plural/name` or `plural/namespace/name`. */
function lookupOf(objects: Readonly<Record<string, JsonObject>>): Lookup {
  return {
    get: async (_group, plural, name, namespace) => objects[[plural, namespace, name].filter(Boolean).join("/")],
    list: async (_group, plural) =>
      Object.entries(objects).flatMap(([key, object]) => (key.startsWith(`${plural}/`) ? [object] : [])),
  };
}

async function admitted(
  kind: string,
  object: JsonObject,
  objects: Readonly<Record<string, JsonObject>> = {},
  options: Partial<BuiltinAdmissionOptions> = {},
  old?: JsonObject,
): Promise<JsonObject> {
  const group = { Ingress: "networking.k8s.io", PriorityClass: "scheduling.k8s.io" }[kind] ?? "";
  const copy = structuredClone({ metadata: { name: "x" }, ...object }) as JsonObject;
  const admission = createAdmission(
    builtinAdmissionPlugins({ lookup: lookupOf(objects), suffix: () => "abcde", ...options }),
  );
  const attributes = {
    operation: old ? "UPDATE" : "CREATE",
    served: { resource: { group, kind, plural: `${kind.toLowerCase()}s`, scope: "Namespaced" } },
    subresource: undefined,
    namespace: "ns",
    name: "x",
    object: copy,
    old,
    user: admin,
    dryRun: false,
    warn() {},
  } as unknown as AdmissionAttributes;
  await admission.mutate(attributes);
  await admission.validate(attributes);
  return copy;
}

const refused = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "admitted",
    (error: unknown) => (error instanceof ApiError ? `${error.code} ${error.status.message}` : String(error)),
  );

describe("service accounts", () => {
  const objects = {
    "serviceaccounts/ns/default": { imagePullSecrets: [{ name: "pull" }] },
    "serviceaccounts/ns/quiet": { automountServiceAccountToken: false },
  };
  const on = { serviceAccounts: true };

  it("B237 gives a pod its account, pull secrets and a token", async () => {
    const pod = await admitted(
      "Pod",
      { spec: { containers: [{ name: "a" }, { name: "b", volumeMounts: [{ name: "v", mountPath: "/v" }] }] } },
      objects,
      on,
    );
    const mount = {
      name: "kube-api-access-abcde",
      readOnly: true,
      mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
    };
    expect(pod["spec"]).toMatchObject({
      serviceAccountName: "default",
      serviceAccount: "default",
      imagePullSecrets: [{ name: "pull" }],
      containers: [
        { name: "a", volumeMounts: [mount] },
        { name: "b", volumeMounts: [{ name: "v", mountPath: "/v" }, mount] },
      ],
      volumes: [
        {
          name: "kube-api-access-abcde",
          projected: {
            defaultMode: 420,
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
              { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
              {
                downwardAPI: {
                  items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
                },
              },
            ],
          },
        },
      ],
    });
  });

  it.each<[string, JsonObject]>([
    ["the pod", { automountServiceAccountToken: false }],
    ["its account", { serviceAccountName: "quiet" }],
  ])("B237 mounts no token where %s declines it", async (_title, more) => {
    const pod = await admitted("Pod", { spec: { containers: [{ name: "a" }], ...more } }, objects, on);
    expect((pod["spec"] as JsonObject)["volumes"]).toBeUndefined();
  });

  it("B237 refuses a pod whose account is missing, after waiting for it", async () => {
    let waited = 0;
    const late: Record<string, JsonObject> = {};
    const waitForAccount = async (): Promise<void> => {
      if (++waited === 3) late["serviceaccounts/ns/default"] = {};
    };
    expect(await refused(admitted("Pod", { spec: {} }, {}, on))).toBe(
      '403 pods "x" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
    );
    expect(await refused(admitted("Pod", { spec: {} }, late, { ...on, waitForAccount }))).toBe("admitted");
    expect(await refused(admitted("Pod", { spec: {} }, {}))).toBe("admitted");
  });
});

describe("pods", () => {
  const tolerations = async (given: JsonObject[]): Promise<unknown> =>
    ((await admitted("Pod", { spec: { tolerations: given } }))["spec"] as JsonObject)["tolerations"];
  const added = (key: string): JsonObject => ({
    key: `node.kubernetes.io/${key}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds: 300,
  });

  it("B238 lets a pod stay five minutes on a node in trouble, unless it says how long", async () => {
    expect(await tolerations([])).toEqual([added("not-ready"), added("unreachable")]);
    const own = { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 };
    expect(await tolerations([own])).toEqual([own, added("unreachable")]);
    expect(await tolerations([{ operator: "Exists" }])).toEqual([{ operator: "Exists" }]);
  });

  const classes = {
    "priorityclasses/high": { metadata: { name: "high" }, value: 1000, preemptionPolicy: "Never" },
    "priorityclasses/usual": { metadata: { name: "usual" }, value: 5, globalDefault: true },
  };
  const priority = async (spec: JsonObject, objects: Readonly<Record<string, JsonObject>> = {}): Promise<unknown[]> => {
    const admittedSpec = (await admitted("Pod", { spec }, objects))["spec"] as JsonObject;
    return [admittedSpec["priorityClassName"], admittedSpec["priority"], admittedSpec["preemptionPolicy"]];
  };

  it("B238 turns the class of a pod into its priority", async () => {
    expect(await priority({ priorityClassName: "high" }, classes)).toEqual(["high", 1000, "Never"]);
    expect(await priority({}, classes)).toEqual(["usual", 5, "PreemptLowerPriority"]);
    expect(await priority({})).toEqual([undefined, 0, "PreemptLowerPriority"]);
    expect(await priority({ priorityClassName: "system-node-critical" })).toEqual([
      "system-node-critical",
      2_000_001_000,
      "PreemptLowerPriority",
    ]);
  });

  it("B238 refuses unknown classes and numbers of one's own", async () => {
    expect(await refused(priority({ priorityClassName: "nope" }))).toBe(
      '403 pods "x" is forbidden: no PriorityClass with name nope was found',
    );
    expect(await refused(priority({ priority: 7 }))).toContain("403");
    expect(await refused(priority({ priority: 0 }))).toBe("admitted");
  });

  it("B238 keeps the priority on an update that leaves it out", async () => {
    const pod = await admitted("Pod", { spec: {} }, classes, {}, { spec: { priority: 9, preemptionPolicy: "Never" } });
    expect(pod["spec"]).toMatchObject({ priority: 9, preemptionPolicy: "Never" });
  });

  it("B238 allows one default class only", async () => {
    expect(await refused(admitted("PriorityClass", { value: 1, globalDefault: true }, classes))).toContain(
      "PriorityClass usual is already marked as default",
    );
    expect(await refused(admitted("PriorityClass", { value: 1 }, classes))).toBe("admitted");
  });

  it("adds what a runtime class costs, and refuses an unknown one", async () => {
    const objects = {
      "runtimeclasses/vm": { overhead: { podFixed: { memory: "120Mi" } }, scheduling: { nodeSelector: { vm: "yes" } } },
    };
    const pod = await admitted("Pod", { spec: { runtimeClassName: "vm", nodeSelector: { a: "b" } } }, objects);
    expect(pod["spec"]).toMatchObject({ overhead: { memory: "120Mi" }, nodeSelector: { a: "b", vm: "yes" } });
    expect(await refused(admitted("Pod", { spec: { runtimeClassName: "no" } }))).toContain(
      'RuntimeClass "no" not found',
    );
  });
});

describe("limit ranges", () => {
  const range = (item: JsonObject): Record<string, JsonObject> => ({
    "limitranges/ns/r": { spec: { limits: [item] } },
  });
  const pod = (resources: JsonObject): JsonObject => ({ spec: { containers: [{ name: "a", resources }] } });

  it("B236 gives containers the limits of their namespace", async () => {
    const objects = range({ type: "Container", default: { cpu: "1", memory: "1Gi" }, defaultRequest: { cpu: "100m" } });
    expect((await admitted("Pod", pod({ limits: { cpu: "2" } }), objects))["spec"]).toMatchObject({
      containers: [{ resources: { limits: { cpu: "2", memory: "1Gi" }, requests: { cpu: "100m" } } }],
    });
  });

  it("B236 refuses with all that is out of range", async () => {
    const objects = range({ type: "Container", min: { cpu: "100m" }, max: { memory: "1Gi" } });
    expect(await refused(admitted("Pod", pod({ requests: { cpu: "200m" }, limits: { memory: "1Gi" } }), objects))).toBe(
      "admitted",
    );
    expect(await refused(admitted("Pod", pod({ requests: { cpu: "50m" }, limits: { memory: "2Gi" } }), objects))).toBe(
      '403 pods "x" is forbidden: [minimum cpu usage per Container is 100m, but request is 50m, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    );
    const ofPod = range({ type: "Pod", max: { cpu: "1" } });
    expect(
      await refused(
        admitted(
          "Pod",
          {
            spec: {
              containers: [
                { name: "a", resources: { limits: { cpu: "600m" } } },
                { name: "b", resources: { limits: { cpu: "600m" } } },
              ],
            },
          },
          ofPod,
        ),
      ),
    ).toContain("maximum cpu usage per Pod is 1, but limit is 1200m");
  });
});

describe("quotas", () => {
  const quota = (hard: JsonObject, more: JsonObject = {}): Record<string, JsonObject> => ({
    "resourcequotas/ns/q": { metadata: { name: "q" }, spec: { hard, ...more } },
  });
  const pod = (name: string, resources: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
    metadata: { name },
    spec: { containers: [{ name: "c", resources }], ...more },
  });
  const others = {
    "pods/ns/a": pod("a", { requests: { cpu: "600m" } }),
    "pods/ns/b": { ...pod("b", { requests: { cpu: "600m" } }), status: { phase: "Succeeded" } },
  };

  it("B235 counts objects, of pods those that have not ended", async () => {
    const deploy = { ...others, ...quota({ pods: "2" }) };
    expect(await refused(admitted("Pod", pod("x"), deploy))).toBe("admitted");
    expect(await refused(admitted("Pod", pod("x"), { ...others, ...quota({ pods: "1" }) }))).toBe(
      '403 pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
    expect(await refused(admitted("ConfigMap", {}, quota({ "count/configmaps": "0" })))).toContain(
      "requested: count/configmaps=1, used: count/configmaps=0",
    );
    expect(await refused(admitted("Secret", {}, quota({ configmaps: "0" })))).toBe("admitted");
  });

  it("B235 adds up what pods ask for, and demands that they say so", async () => {
    const objects = { ...others, ...quota({ "requests.cpu": "1" }) };
    expect(await refused(admitted("Pod", pod("x", { requests: { cpu: "400m" } }), objects))).toBe("admitted");
    expect(await refused(admitted("Pod", pod("x", { requests: { cpu: "500m" } }), objects))).toBe(
      '403 pods "x" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    );
    expect(await refused(admitted("Pod", pod("x"), objects))).toBe(
      '403 pods "x" is forbidden: failed quota: q: must specify requests.cpu for: c',
    );
  });

  it("B235 lets an object be changed that takes no more than before", async () => {
    const full = { ...others, "pods/ns/x": pod("x"), ...quota({ pods: "1" }) };
    expect(await refused(admitted("Pod", pod("x"), full, {}, pod("x")))).toBe("admitted");
  });

  it("B235 counts only what is in scope", async () => {
    const ending = pod("x", {}, { activeDeadlineSeconds: 5 });
    expect(await refused(admitted("Pod", ending, quota({ pods: "0" }, { scopes: ["NotTerminating"] })))).toBe(
      "admitted",
    );
    expect(
      await refused(admitted("Pod", ending, quota({ pods: "0" }, { scopes: ["Terminating", "BestEffort"] }))),
    ).toContain("exceeded quota: q");
    const high = {
      scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }] },
    };
    expect(await refused(admitted("Pod", pod("x"), quota({ pods: "0" }, high)))).toBe("admitted");
  });
});

describe("default classes", () => {
  const storageClass = (name: string, creationTimestamp: string, isDefault = "true"): JsonObject => ({
    metadata: { name, creationTimestamp, annotations: { "storageclass.kubernetes.io/is-default-class": isDefault } },
  });
  const classes = {
    "storageclasses/old": storageClass("old", "2026-01-01T00:00:00Z"),
    "storageclasses/new": storageClass("new", "2026-02-01T00:00:00Z"),
    "storageclasses/newest": storageClass("newest", "2026-03-01T00:00:00Z", "false"),
  };

  it("B293 gives a claim the newest default class, unless it asks for another or none", async () => {
    const classOf = async (spec: JsonObject): Promise<unknown> =>
      ((await admitted("PersistentVolumeClaim", { spec }, classes))["spec"] as JsonObject)["storageClassName"];
    expect(await classOf({})).toBe("new");
    expect(await classOf({ storageClassName: "mine" })).toBe("mine");
    expect(await classOf({ storageClassName: "" })).toBe("");
  });

  it("B294 gives an Ingress the default class, unless it names one by field or annotation", async () => {
    const objects = {
      "ingressclasses/nginx": {
        metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
      },
    };
    const classOf = async (ingress: JsonObject): Promise<unknown> =>
      ((await admitted("Ingress", ingress, objects))["spec"] as JsonObject)["ingressClassName"];
    expect(await classOf({ spec: {} })).toBe("nginx");
    expect(await classOf({ spec: { ingressClassName: "other" } })).toBe("other");
    expect(
      await classOf({ metadata: { annotations: { "kubernetes.io/ingress.class": "old" } }, spec: {} }),
    ).toBeUndefined();
  });

  it("protects storage in use only where a controller lets it go again", async () => {
    const finalizers = async (storageProtection: boolean): Promise<unknown> =>
      ((await admitted("PersistentVolumeClaim", {}, {}, { storageProtection }))["metadata"] as JsonObject)[
        "finalizers"
      ];
    expect(await finalizers(true)).toEqual(["kubernetes.io/pvc-protection"]);
    expect(await finalizers(false)).toBeUndefined();
  });
});
