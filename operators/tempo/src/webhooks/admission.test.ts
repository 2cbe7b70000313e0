import { type ApiError, ConfigMap, type KubeObject, Secret, ServiceAccount } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { communitySettings, openshiftSettings } from "../settings/operator-settings.ts";
import { type AdmissionWorld, startWebhooks } from "./admission.test-support.ts";

type Spec = TempoStack["spec"];

const stackOf = (name: string, spec: object = {}, metadata: object = {}): TempoStack => ({
  metadata: { name, namespace: "default", ...metadata },
  spec: { storage: { secret: { name: "minio", type: "s3" } }, ...spec } as Spec,
});
const monolithicOf = (name: string, spec: object = {}): TempoMonolithic => ({
  metadata: { name, namespace: "default" },
  spec: spec as TempoMonolithic["spec"],
});
const base64 = (text: string) => Buffer.from(text).toString("base64");

async function withStorage(world: AdmissionWorld): Promise<AdmissionWorld> {
  const fields = { endpoint: "http://minio:9000", bucket: "tempo", access_key_id: "tempo", access_key_secret: "s" };
  const data = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, base64(value)]));
  await world.cluster.client.create(Secret, { metadata: { name: "minio", namespace: "default" }, data });
  return world;
}

/** What `kubectl create` would print: the status of the refusal. */
async function refusalOf(attempt: Promise<unknown>): Promise<ApiError["status"]> {
  const error = await attempt.then(
    () => expect.fail("the object was taken"),
    (thrown: unknown) => thrown as ApiError,
  );
  return error.status;
}
const fieldsOf = ({ details }: ApiError["status"]) => (details?.causes ?? []).map(({ field }) => field);

describe("a TempoStack sent to an API server that asks the operator", () => {
  it("2.2: is stored with its defaults, as Go writes them", async () => {
    const world = await withStorage(await startWebhooks());
    const { spec, metadata } = await world.admin.create(
      TempoStack,
      stackOf("simplest", { storageSize: "200M", retention: { global: { traces: "36h" } }, timeout: "90s" }),
    );
    expect(metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "tempo-operator",
      "tempo.grafana.com/distribution": "community",
    });
    expect(spec).toMatchObject({
      managementState: "Managed",
      serviceAccount: "tempo-simplest",
      timeout: "1m30s",
      retention: { global: { traces: "36h0m0s" } },
      search: { defaultResultLimit: 20, maxDuration: "0s" },
      storageSize: "200M",
      replicationFactor: 1,
      template: {
        ingester: { replicas: 1, podSecurityContext: { fsGroup: 10001 } },
        distributor: { component: { replicas: 1 } },
        gateway: { enabled: false, component: { replicas: 1 } },
        queryFrontend: { jaegerQuery: { servicesQueryDuration: "72h0m0s" } },
      },
    });
    expect(world.warnings()).toEqual([]);
  });

  it("2.2: gets canonical quantities and the replicas of its size", async () => {
    const world = await withStorage(await startWebhooks());
    const { spec } = await world.admin.create(
      TempoStack,
      stackOf("sized", {
        size: "1x.pico",
        storageSize: "10240Mi",
        template: { querier: { resources: { limits: { cpu: "2000m", memory: "2048Mi" } } } },
      }),
    );
    expect(spec.storageSize).toBe("10Gi");
    expect(spec.replicationFactor).toBe(2);
    expect(spec.template?.querier).toMatchObject({ replicas: 2, resources: { limits: { cpu: "2", memory: "2Gi" } } });
    expect(spec.template?.ingester?.replicas).toBe(2);
  });

  it("2.2: keeps what the operator does not know of, below extraConfig and in metadata", async () => {
    const world = await withStorage(await startWebhooks());
    const tempo = { storage: { trace: { new_setting: [1, null, "x"] } } };
    const stack = await world.admin.create(
      TempoStack,
      stackOf("extra", { extraConfig: { tempo } }, { annotations: { team: "a" }, labels: { mine: "yes" } }),
    );
    expect(stack.spec.extraConfig).toEqual({ tempo });
    expect(stack.metadata.annotations).toEqual({ team: "a" });
    expect(stack.metadata.labels).toMatchObject({ mine: "yes" });
    expect(world.warnings()).toEqual([expect.stringContaining("extraConfig")]);
  });

  it("2.2: is stored with OpenShift's defaults where the operator runs there", async () => {
    const world = await withStorage(await startWebhooks(openshiftSettings));
    const { spec, metadata } = await world.admin.create(
      TempoStack,
      stackOf("routed", {
        template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "route" } } } },
      }),
    );
    expect(metadata.labels).toMatchObject({ "tempo.grafana.com/distribution": "openshift" });
    expect(spec.template?.queryFrontend?.jaegerQuery).toMatchObject({
      ingress: { route: { termination: "edge" } },
      authentication: { enabled: true, sar: '{"namespace": "default", "resource": "pods", "verb": "get"}' },
    });
  });

  it("2.3: is refused with 422, every field that is wrong, and nothing stored", async () => {
    const world = await withStorage(await startWebhooks());
    const bad = {
      serviceAccount: "missing",
      replicationFactor: 3,
      template: {
        ingester: { replicas: 1 },
        gateway: { enabled: true },
        queryFrontend: { jaegerQuery: { ingress: { type: "ingress" } } },
        metricsGenerator: { enabled: true },
      },
      observability: { metrics: { createServiceMonitors: true } },
      limits: { global: { query: { maxSearchBytesPerTrace: 5 } } },
    };
    const status = await refusalOf(world.admin.create(TempoStack, stackOf("bad", bad)));
    expect(status).toMatchObject({ code: 422, reason: "Invalid" });
    expect(status.message).toContain('admission webhook "vtempostack.tempo.grafana.com" denied the request');
    expect(fieldsOf(status)).toEqual([
      "spec.serviceAccount",
      "spec.ReplicationFactor",
      "spec.template.queryFrontend.jaegerQuery.ingress.type",
      "spec.template.gateway.enabled",
      "spec.observability.metrics.createServiceMonitors",
      "spec.limits.global.query.maxSearchBytesPerTrace",
      "spec.template.metricsGenerator.remoteWriteURLs",
    ]);
    expect(await world.admin.find(TempoStack, { namespace: "default", name: "bad" })).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ["metadata.name", stackOf("a".repeat(64)), "no more than 63 characters"],
    ["spec.storage.tls.enabled", stackOf("tls", { storage: azure({ tls: { enabled: true } }) }), "azure"],
    ["spec.timeout", stackOf("slow", { timeout: "soon" }), "soon"],
  ])("2.3: is refused for %s", async (field, stack, text) => {
    const world = await withStorage(await startWebhooks());
    await world.admin.create(Secret, {
      metadata: { name: "azure", namespace: "default" },
      data: { container: base64("c"), account_name: base64("n"), account_key: base64("k") },
    });
    const status = await refusalOf(world.admin.create(TempoStack, stack as TempoStack));
    expect(status.code).toBe(422);
    expect(fieldsOf(status)).toEqual([field]);
    expect(status.message).toContain(text);
  });

  it("2.3: is taken with a warning while its Secret is missing, and refused when the Secret lacks a key", async () => {
    const world = await startWebhooks();
    await world.admin.create(TempoStack, stackOf("early"));
    expect(world.warnings()).toEqual([expect.stringContaining('secrets "minio" not found')]);
    await world.admin.create(Secret, {
      metadata: { name: "minio", namespace: "default" },
      data: { bucket: base64("b"), endpoint: base64("http://minio:9000"), access_key_id: base64("id") },
    });
    const status = await refusalOf(world.admin.create(TempoStack, stackOf("late")));
    expect(fieldsOf(status)).toEqual(["spec.storage.secret.name"]);
    expect(status.message).toContain("access_key_secret");
  });

  it("2.3: is taken with a warning while its CA ConfigMap is missing, and refused when that holds no CA", async () => {
    const world = await withStorage(await startWebhooks());
    const storage = { secret: { name: "minio", type: "s3" }, tls: { enabled: true, caName: "ca" } };
    await world.admin.create(TempoStack, stackOf("early", { storage }));
    expect(world.warnings()).toEqual([expect.stringContaining('configmaps "ca" not found')]);
    await world.admin.create(ConfigMap, { metadata: { name: "ca", namespace: "default" }, data: { wrong: "x" } });
    const status = await refusalOf(world.admin.create(TempoStack, stackOf("late", { storage })));
    expect(fieldsOf(status)).toEqual(["spec.storage.tls.caName"]);
  });

  it("2.3: may name a service account that is there", async () => {
    const world = await withStorage(await startWebhooks());
    await world.admin.create(ServiceAccount, { metadata: { name: "mine", namespace: "default" } });
    const stack = await world.admin.create(TempoStack, stackOf("own", { serviceAccount: "mine" }));
    expect(stack.spec.serviceAccount).toBe("mine");
  });

  it("2.3: is refused by the name of a TempoMonolithic in its namespace, and the other way round", async () => {
    const world = await withStorage(await startWebhooks());
    await world.admin.create(TempoMonolithic, monolithicOf("one"));
    const stack = await refusalOf(world.admin.create(TempoStack, stackOf("one")));
    expect(fieldsOf(stack)).toEqual(["metadata.name"]);
    expect(stack.message).toContain("name of a TempoMonolithic");
    await world.admin.create(TempoStack, stackOf("two"));
    const monolithic = await refusalOf(world.admin.create(TempoMonolithic, monolithicOf("two")));
    expect(monolithic.message).toContain("name of a TempoStack");
  });

  it("2.3: brings warnings for what is deprecated, and for a size beside a total", async () => {
    const world = await withStorage(await startWebhooks());
    await world.admin.create(
      TempoStack,
      stackOf("warned", {
        size: "1x.demo",
        resources: { total: { limits: { cpu: "2" } } },
        template: { queryFrontend: { jaegerQuery: { enabled: true } } },
      }),
    );
    expect(world.warnings()).toEqual([
      expect.stringContaining("spec.size takes precedence"),
      expect.stringContaining("spec.template.queryFrontend.jaegerQuery.enabled"),
    ]);
  });

  it("2.3: in mode openshift needs an author who may create token reviews", async () => {
    const world = await withStorage(await startWebhooks(openshiftSettings));
    const gated = {
      tenants: { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] },
      template: { gateway: { enabled: true } },
    };
    const status = await refusalOf(world.developer.create(TempoStack, stackOf("gated", gated)));
    expect(fieldsOf(status)).toEqual(["spec.tenants.mode"]);
    expect(status.message).toContain("user dora may not create tokenreviews.authentication.k8s.io");
    const stack = await world.admin.create(TempoStack, stackOf("gated", gated));
    expect(stack.spec.template?.gateway?.ingress).toMatchObject({ type: "route", route: { termination: "reencrypt" } });
  });

  it("2.3: is judged anew by an update, and can always be deleted, though its storage has gone bad", async () => {
    const world = await withStorage(await startWebhooks());
    const key = { namespace: "default", name: "leaving" };
    const finalizer = "tempo.grafana.com/finalizer";
    const made = await world.admin.create(TempoStack, stackOf("leaving", {}, { finalizers: [finalizer] }));
    const update = world.admin.update(TempoStack, { ...made, spec: { ...made.spec, replicationFactor: 3 } });
    expect(fieldsOf(await refusalOf(update))).toEqual(["spec.ReplicationFactor"]);
    await world.admin.patchMerge(Secret, { namespace: "default", name: "minio" }, { data: { bucket: null } });
    expect(fieldsOf(await refusalOf(world.admin.update(TempoStack, made)))).toEqual(["spec.storage.secret.name"]);

    await world.admin.delete(TempoStack, key);
    const dying = await world.admin.get(TempoStack, key);
    await world.admin.update(TempoStack, { ...dying, metadata: { ...dying.metadata, finalizers: [] } });
    expect(await world.admin.find(TempoStack, key)).toBeUndefined();
  });

  it("loses its finalizer without being judged, though no webhook has ever filled it in", async () => {
    const world = await startWebhooks();
    const finalizers = ["tempo.grafana.com/finalizer"];
    const bad = { storage: { secret: { name: "minio", type: "s3" } }, serviceAccount: "gone", timeout: "90s" };
    // As it was stored while the webhooks were off.
    await pausingWebhooks(world, () => world.admin.create(TempoStack, stackOf("old", bad, { finalizers })));
    await world.admin.delete(TempoStack, { namespace: "default", name: "old" });
    const dying = await world.admin.get(TempoStack, { namespace: "default", name: "old" });
    expect(dying.spec.timeout).toBe("90s");
    await world.admin.update(TempoStack, { ...dying, metadata: { ...dying.metadata, finalizers: [] } });
    expect(await world.admin.find(TempoStack, { namespace: "default", name: "old" })).toBeUndefined();
  });

  it("cannot be made while the webhooks are down", async () => {
    const world = await withStorage(await startWebhooks());
    await world.manager.stop();
    const status = await refusalOf(world.admin.create(TempoStack, stackOf("unjudged")));
    expect(status.code).toBe(500);
    expect(status.message).toContain("mtempostack.tempo.grafana.com");
  });
});

describe("a TempoMonolithic sent to an API server that asks the operator", () => {
  it("2.5: is stored as it was written: its defaults are the operator's own affair", async () => {
    const world = await startWebhooks();
    const made = await world.admin.create(TempoMonolithic, monolithicOf("plain", { timeout: "90s" }));
    expect(made.spec).toEqual({ timeout: "90s" });
    expect(made.metadata.labels).toBeUndefined();
    expect(world.warnings()).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["spec.jaegerui.ingress.enabled", { jaegerui: { enabled: false, ingress: { enabled: true } } }, "jaegerui"],
    ["spec.jaegerui.route.enabled", { jaegerui: { enabled: true, route: { enabled: true } } }, "openshift"],
    ["spec.rbac.enabled", { query: { rbac: { enabled: true } } }, "multi-tenancy"],
    ["spec.serviceAccount", { serviceAccount: "missing" }, 'serviceaccounts "missing" not found'],
    ["spec.storage.traces.s3", { storage: { traces: { backend: "s3" } } }, "storage secret"],
    [
      "spec.observability.metrics.serviceMonitors.enabled",
      { observability: { metrics: { serviceMonitors: { enabled: true } } } },
      "prometheusOperator",
    ],
  ])("2.5: is refused for %s", async (field, spec, text) => {
    const world = await startWebhooks(communitySettings);
    const status = await refusalOf(world.admin.create(TempoMonolithic, monolithicOf("bad", spec)));
    expect(status).toMatchObject({ code: 422, reason: "Invalid" });
    expect(fieldsOf(status)).toEqual([field]);
    expect(status.message).toContain(text);
    expect(status.message).toContain('"vtempomonolithic.kb.io"');
  });

  it("2.5: is taken with a warning while its Secret is missing", async () => {
    const world = await startWebhooks();
    const storage = { traces: { backend: "s3", s3: { secret: "minio" } } };
    await world.admin.create(TempoMonolithic, monolithicOf("early", { storage }));
    expect(world.warnings()).toEqual([expect.stringContaining('secrets "minio" not found')]);
  });

  it("2.5: in mode openshift needs an author who may create token reviews", async () => {
    const world = await startWebhooks(openshiftSettings);
    const multitenancy = {
      enabled: true,
      mode: "openshift",
      authentication: [{ tenantName: "dev", tenantId: "1" }],
    };
    const status = await refusalOf(world.developer.create(TempoMonolithic, monolithicOf("gated", { multitenancy })));
    expect(status.message).toContain("user dora may not create tokenreviews.authentication.k8s.io");
    await world.admin.create(TempoMonolithic, monolithicOf("gated", { multitenancy }));
  });
});

function azure(more: object): object {
  return { secret: { name: "azure", type: "azure" }, ...more };
}

/** Takes the configurations away for a moment. */
async function pausingWebhooks(world: AdmissionWorld, act: () => Promise<unknown>): Promise<void> {
  const { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } = await import("@homeostat/api");
  const kinds = [MutatingWebhookConfiguration, ValidatingWebhookConfiguration] as const;
  const { client } = world.cluster;
  const kept: KubeObject[] = [];
  for (const kind of kinds) kept.push(...(await client.list(kind as (typeof kinds)[0])).items);
  for (const [index, kind] of kinds.entries())
    await client.delete(kind as (typeof kinds)[0], { name: kept[index]!.metadata!.name! });
  await act();
  for (const [index, kind] of kinds.entries()) {
    const { resourceVersion: _, uid: __, ...metadata } = kept[index]!.metadata!;
    await client.create(kind as (typeof kinds)[0], { ...kept[index], metadata } as never);
  }
}
