import {
  ClusterRole,
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Event,
  HorizontalPodAutoscaler,
  type JsonObject,
  NetworkPolicy,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from "@homeostat/api";
import { expectCondition, expectExists, expectGone } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { TempoStack } from "../src/api/tempo-stack.ts";
import { communitySettings } from "../src/settings/operator-settings.ts";
import {
  key,
  minio,
  namespace,
  ownership,
  stackKey,
  startWorld,
  storage,
  type TempoWorld,
} from "./world.test-support.ts";

const workloads = ["distributor", "querier", "query-frontend", "compactor"].map((each) => `tempo-simplest-${each}`);

async function startReady(...given: Parameters<typeof startWorld>): Promise<TempoWorld> {
  const world = await startWorld(...given);
  await world.secret("minio", minio);
  await world.stack();
  await ready(world);
  return world;
}

const ready = ({ cluster }: TempoWorld) => expectCondition(cluster, TempoStack, stackKey, "Ready", "True");
const status = async ({ cluster }: TempoWorld) => (await cluster.client.get(TempoStack, stackKey)).status;
const conditionsOf = async (world: TempoWorld) =>
  Object.fromEntries(((await status(world))?.conditions ?? []).map((each) => [each.type, each]));
const tempoYaml = async ({ cluster }: TempoWorld) =>
  (await cluster.client.get(ConfigMap, key("tempo-simplest"))).data?.["tempo.yaml"] ?? "";
const podAnnotations = async ({ cluster }: TempoWorld) => {
  const { items } = await cluster.client.list(Deployment, { namespace });
  return items.map(({ spec }) => spec!.template.metadata?.annotations ?? {});
};
/** Everything in the namespace that carries the operator's label, by kind, name and version. */
const snapshot = async ({ cluster }: TempoWorld) => {
  const kinds = [
    ConfigMap,
    Secret,
    Service,
    ServiceAccount,
    Deployment,
    StatefulSet,
    PodDisruptionBudget,
    NetworkPolicy,
  ];
  const lists = await Promise.all(
    kinds.map((kind) =>
      cluster.client.list(kind, { namespace, labelSelector: "app.kubernetes.io/managed-by=tempo-operator" }),
    ),
  );
  return lists.flatMap(({ items }, at) =>
    items.map(({ metadata }) => `${kinds[at]!.kind} ${metadata.name} ${metadata.resourceVersion}`),
  );
};

describe("a TempoStack", () => {
  test("becomes Ready with all its components, within ten reconciles, and then rests", async () => {
    const world = await startReady();
    expect(world.reconciles("simplest")).toBeLessThanOrEqual(10);
    const { cluster } = world;
    for (const name of workloads) {
      const workload = await expectExists(cluster, Deployment, key(name));
      expect(ownership(workload)).toMatchObject([
        { kind: "TempoStack", name: "simplest", controller: true, blockOwnerDeletion: true },
      ]);
    }
    await expectExists(cluster, StatefulSet, key("tempo-simplest-ingester"));
    await world.settle();
    const [before, count] = [await snapshot(world), world.reconciles("simplest")];
    await world.settle(30 * 60_000);
    expect(await snapshot(world)).toEqual(before);
    expect(world.reconciles("simplest")).toBe(count);
  });

  test("tells pods, images and versions in its status", async () => {
    const world = await startReady();
    await world.settle();
    const found = await status(world);
    expect(found).toMatchObject({ observedGeneration: 1, tempoVersion: "2.10.8" });
    expect(found?.operatorVersion).toMatch(/^0\.22\.0\+/);
    expect(found?.componentImages).toMatchObject({ querier: "docker.io/grafana/tempo:2.10.8" });
    const { components } = found!;
    expect(Object.keys(components!).toSorted()).toEqual(
      ["compactor", "distributor", "gateway", "ingester", "querier", "queryFrontend"].toSorted(),
    );
    expect(components!.ingester).toEqual({ Ready: ["tempo-simplest-ingester-0"] });
    expect(components!.gateway).toEqual({});
    expect(await conditionsOf(world)).toMatchObject({
      Ready: { status: "True", reason: "Ready", message: "All components are operational", observedGeneration: 1 },
      Progressing: { status: "False" },
      Degraded: { status: "False" },
    });
  });

  test("has a deleted Service back at once, as it was", async () => {
    const world = await startReady();
    const { cluster, clock } = world;
    const before = await cluster.client.get(Service, key("tempo-simplest-querier"));
    await cluster.client.delete(Service, key("tempo-simplest-querier"));
    const since = clock.now();
    const after = await expectExists(
      cluster,
      Service,
      key("tempo-simplest-querier"),
      ({ metadata }) => metadata.uid !== before.metadata.uid,
    );
    expect(clock.now() - since).toBeLessThan(1_000);
    expect(after.metadata.labels).toEqual(before.metadata.labels);
    expect(after.spec?.ports).toEqual(before.spec?.ports);
    expect(after.spec?.selector).toEqual(before.spec?.selector);
    expect(ownership(after)).toEqual(ownership(before));
  });

  test.each([
    ["a ConfigMap", ConfigMap, "tempo-simplest", { data: { "tempo.yaml": "broken" } }],
    ["a NetworkPolicy", NetworkPolicy, "tempo-simplest-querier", { spec: { egress: null } }],
    ["a Deployment", Deployment, "tempo-simplest-querier", { spec: { replicas: 3 } }],
    ["a Secret", Secret, "tempo-simplest-querier-mtls", { data: { "tls.crt": "Zm9v" } }],
  ] as const)("takes back what somebody edits in %s", async (_, kind, name, edit) => {
    const world = await startReady();
    await world.settle();
    const content = async () => {
      const {
        metadata: __,
        status: ___,
        ...rest
      } = (await world.cluster.client.get(kind as typeof Deployment, key(name))) as Deployment;
      return rest;
    };
    const before = await content();
    await world.cluster.client.patchMerge(kind as typeof Deployment, key(name), edit as unknown as JsonObject);
    await world.settle();
    if (kind.kind !== "Secret") return expect(await content()).toEqual(before);
    // A certificate that was overwritten is gone, so another one is issued.
    const { data } = (await content()) as Secret;
    expect(Buffer.from(data!["tls.crt"]!, "base64").toString()).toContain("BEGIN CERTIFICATE");
  });

  test("leaves alone what others add", async () => {
    const world = await startReady();
    const name = key("tempo-simplest-querier");
    const annotations = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" };
    await world.cluster.client.patchMerge(Deployment, name, {
      metadata: { annotations: { team: "traces" } },
      spec: { template: { metadata: { annotations } } },
    });
    await world.settle();
    const { metadata, spec } = await world.cluster.client.get(Deployment, name);
    expect(metadata.annotations).toMatchObject({ team: "traces" });
    expect(spec?.template.metadata?.annotations).toMatchObject(annotations);
  });

  test("follows its storage Secret: configuration, and pods through a hash", async () => {
    const world = await startReady();
    expect(await tempoYaml(world)).toContain("bucket: tempo\n");
    const before = await podAnnotations(world);
    await world.secret("minio", { ...minio, bucket: "tempo2" });
    await world.settle();
    expect(await tempoYaml(world)).toContain("bucket: tempo2\n");
    const after = await podAnnotations(world);
    for (const [at, annotations] of after.entries())
      expect(annotations["tempo.grafana.com/config.hash"]).not.toBe(before[at]!["tempo.grafana.com/config.hash"]);
    await ready(world);
  });

  test("restarts pods for new credentials, which are in no configuration", async () => {
    const world = await startReady();
    const [text, before] = [await tempoYaml(world), await podAnnotations(world)];
    await world.secret("minio", { ...minio, access_key_secret: "another" });
    await world.settle();
    expect(await tempoYaml(world)).toBe(text);
    expect(await podAnnotations(world)).not.toEqual(before);
    const found = await snapshot(world);
    await world.settle();
    expect(await snapshot(world)).toEqual(found);
  });

  test("is left alone while its annotation says so, and converges afterwards", async () => {
    const world = await startReady();
    await world.stack({}, { annotations: { "tempo.grafana.com/reconcile": "false" } });
    await world.settle();
    await world.secret("minio", { ...minio, bucket: "tempo2" });
    await world.cluster.client.delete(Service, key("tempo-simplest-querier"));
    await world.settle(60_000);
    expect(await tempoYaml(world)).toContain("bucket: tempo\n");
    await expectGone(world.cluster, Service, key("tempo-simplest-querier"));
    await world.cluster.client.patchMerge(TempoStack, stackKey, {
      metadata: { annotations: { "tempo.grafana.com/reconcile": null } },
    });
    await world.settle();
    expect(await tempoYaml(world)).toContain("bucket: tempo2\n");
    await expectExists(world.cluster, Service, key("tempo-simplest-querier"));
  });

  test("leaves one kind of its objects alone where the annotation names it", async () => {
    const world = await startReady();
    await world.stack({}, { annotations: { "tempo.grafana.com/reconcile.services": "false" } });
    await world.settle();
    await world.cluster.client.delete(Service, key("tempo-simplest-querier"));
    await world.cluster.client.delete(ConfigMap, key("tempo-simplest"));
    await expectExists(world.cluster, ConfigMap, key("tempo-simplest"));
    await world.settle();
    await expectGone(world.cluster, Service, key("tempo-simplest-querier"));
  });

  test("is left alone while it is Unmanaged", async () => {
    const world = await startReady();
    await world.stack({ managementState: "Unmanaged" });
    await world.settle();
    await world.cluster.client.delete(Service, key("tempo-simplest-querier"));
    await world.settle();
    await expectGone(world.cluster, Service, key("tempo-simplest-querier"));
    await world.stack({ managementState: "Managed" });
    await expectExists(world.cluster, Service, key("tempo-simplest-querier"));
  });

  test("prunes what a changed spec no longer wants, and nothing that only looks like its own", async () => {
    const world = await startReady();
    const labels = { ...(await world.cluster.client.get(Service, key("tempo-simplest-querier"))).metadata.labels };
    await world.cluster.client.create(Service, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "mine", namespace, labels },
      spec: { ports: [{ port: 80 }] },
    });
    await world.stack({ networkPolicy: { enabled: false } });
    await expectGone(world.cluster, NetworkPolicy, key("tempo-simplest-querier"));
    await world.settle();
    await expectExists(world.cluster, Service, key("mine"));
    expect((await world.cluster.client.list(NetworkPolicy, { namespace })).items).toEqual([]);
  });

  test("lets a HorizontalPodAutoscaler scale a component", async () => {
    const world = await startReady();
    const name = "tempo-simplest-distributor";
    await world.cluster.client.create(HorizontalPodAutoscaler, {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "ingest", namespace },
      spec: { minReplicas: 3, maxReplicas: 5, scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name } },
    });
    await world.settle(60_000);
    await world.cluster.client.patchMerge(Deployment, key(name), { spec: { replicas: 4 } });
    await world.settle(60_000);
    expect((await world.cluster.client.get(Deployment, key(name))).spec?.replicas).toBe(4);
    await world.cluster.client.delete(HorizontalPodAutoscaler, key("ingest"));
    await world.settle();
    expect((await world.cluster.client.get(Deployment, key(name))).spec?.replicas).toBe(1);
  });

  test("makes the ingesters anew where their volumes change, and keeps the claims", async () => {
    const world = await startReady();
    const before = await world.cluster.client.get(StatefulSet, key("tempo-simplest-ingester"));
    await world.stack({ storageSize: "20Gi" });
    const after = await expectExists(
      world.cluster,
      StatefulSet,
      key("tempo-simplest-ingester"),
      ({ metadata }) => metadata.uid !== before.metadata.uid,
    );
    expect(after.spec?.volumeClaimTemplates?.[0]?.spec?.resources?.requests).toEqual({ storage: "20Gi" });
    await ready(world);
    await expectExists(world.cluster, PersistentVolumeClaim, key("data-tempo-simplest-ingester-0"));
  });

  test("leaves nothing behind but the claims of its ingesters", async () => {
    const world = await startReady();
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.settle();
    expect(await snapshot(world)).toEqual([]);
    const { items } = await world.cluster.client.list(ClusterRole, {
      labelSelector: "app.kubernetes.io/managed-by=tempo-operator",
    });
    expect(items).toEqual([]);
    await expectExists(world.cluster, PersistentVolumeClaim, key("data-tempo-simplest-ingester-0"));
  });

  test("is Pending while pods are not ready, and says which", async () => {
    const world = await startWorld({}, { speed: "manual" });
    await world.secret("minio", minio);
    await world.stack();
    await expectCondition(world.cluster, TempoStack, stackKey, "Pending", "True");
    await world.settle();
    expect(await conditionsOf(world)).toMatchObject({
      Ready: { status: "False", reason: "PendingComponents" },
      Pending: { status: "True", message: "Some Tempo components are pending on dependencies" },
      Progressing: { status: "True" },
    });
    expect((await status(world))?.components?.ingester).toEqual({ Pending: ["tempo-simplest-ingester-0"] });
  });
});

describe("pods of a TempoStack", () => {
  test("that failed make it Failed until they are gone", async () => {
    const world = await startWorld({}, { speed: "manual" });
    await world.secret("minio", minio);
    await world.stack();
    await expectExists(world.cluster, Deployment, key("tempo-simplest-querier"));
    await world.settle();
    const labelSelector = "app.kubernetes.io/component=querier";
    const [pod] = (await world.cluster.client.list(Pod, { namespace, labelSelector })).items;
    await world.cluster.client.status.patchMerge(Pod, pod!.metadata, { status: { phase: "Failed" } });
    await expectCondition(world.cluster, TempoStack, stackKey, "Failed", "True");
    expect(await conditionsOf(world)).toMatchObject({
      Failed: { reason: "FailedComponents", message: "Some Tempo components failed" },
      Pending: { status: "False" },
      Degraded: { status: "True" },
    });
    expect((await status(world))?.components?.querier).toMatchObject({ Failed: [pod!.metadata.name] });
    await world.cluster.client.delete(Pod, pod!.metadata);
    await expectCondition(world.cluster, TempoStack, stackKey, "Failed", "False");
  });

  test("of a stack with zones are told the zone of their node", async () => {
    const world = await startWorld();
    for (const { metadata } of (await world.cluster.client.list(Node)).items) {
      const labels = { "topology.example.com/region": "eu", "topology.example.com/zone": "a" };
      await world.cluster.client.patchMerge(Node, metadata, { metadata: { labels } });
    }
    await world.secret("minio", minio);
    await world.stack({
      replicationZones: [
        { topologyKey: "topology.example.com/region", maxSkew: 1 },
        { topologyKey: "topology.example.com/zone", maxSkew: 1 },
      ],
    });
    await expectExists(
      world.cluster,
      Pod,
      key("tempo-simplest-ingester-0"),
      ({ metadata }) => metadata.annotations?.["tempo.grafana.com/availability-zone"] === "eu_a",
    );
  });
});

describe("an older stack", () => {
  test("is brought up to date once, and says so", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack({ managementState: "Unmanaged", images: { tempo: "tempo:old" } });
    await world.cluster.client.status.patchMerge(TempoStack, stackKey, { status: { operatorVersion: "0.5.0" } });
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { managementState: "Managed" } });
    await ready(world);
    expect((await world.cluster.client.get(TempoStack, stackKey)).spec.images?.tempo).toBeUndefined();
    expect((await status(world))?.operatorVersion).toMatch(/^0\.22\.0\+/);
    await world.settle(60_000);
    const { items } = await world.cluster.client.list(Event, { namespace });
    expect(items.filter(({ reason }) => reason === "Upgraded")).toHaveLength(1);
  });

  test("that was looked after by something without a version is left for a person to mend", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack({ managementState: "Unmanaged" });
    await world.cluster.client.status.patchMerge(TempoStack, stackKey, { status: { operatorVersion: "dev" } });
    await world.cluster.client.patchMerge(TempoStack, stackKey, { spec: { managementState: "Managed" } });
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    expect((await conditionsOf(world))["ConfigurationError"]).toMatchObject({ reason: "FailedUpgrade" });
    const { items } = await world.cluster.client.list(Event, { namespace });
    expect(items.some(({ reason, type }) => reason === "FailedUpgrade" && type === "Warning")).toBe(true);
    await world.cluster.client.status.patchMerge(TempoStack, stackKey, { status: { operatorVersion: null } });
    await world.stack({ managementState: "Managed", timeout: "31s" });
    await ready(world);
  });
});

describe("certificates", () => {
  test("are renewed in time, and every pod restarts for them", async () => {
    const hour = 3_600_000;
    const certificates = { caValidity: 10 * hour, caRefresh: 8 * hour, certValidity: 2 * hour, certRefresh: hour };
    const world = await startReady({ settings: { ...communitySettings, certificates } });
    await world.settle();
    const certificate = async () =>
      (await world.cluster.client.get(Secret, key("tempo-simplest-querier-mtls"))).data!["tls.crt"];
    const [before, annotations] = [await certificate(), await podAnnotations(world)];
    await world.settle(hour + 60_000);
    expect(await certificate()).not.toBe(before);
    expect((await podAnnotations(world)).map((each) => each["tempo.grafana.com/cert-hash"])).not.toEqual(
      annotations.map((each) => each["tempo.grafana.com/cert-hash"]),
    );
    await ready(world);
  });
});

const total = (memory: string) => ({ resources: { total: { limits: { memory } } } });

/** As if somebody had installed the definition without its schema. */
async function loosenSchema({ cluster, settle }: TempoWorld): Promise<void> {
  const name = "tempostacks.tempo.grafana.com";
  const definition = await cluster.client.get(CustomResourceDefinition, { name }, { from: "live" });
  const versions = definition.spec.versions.map((version) => ({
    ...version,
    schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
  }));
  await cluster.client.update(CustomResourceDefinition, {
    ...definition,
    spec: { ...definition.spec, versions },
  });
  await settle();
}

describe("bad input", () => {
  test("is a missing Secret: ConfigurationError until it is there", async () => {
    const world = await startWorld();
    await world.stack();
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    await world.settle(60_000);
    const { ConfigurationError, Ready, Degraded } = await conditionsOf(world);
    expect(ConfigurationError).toMatchObject({ reason: "InvalidStorageConfig" });
    expect(ConfigurationError?.message).toMatch(
      /^could not fetch storage configuration secret: .*minio.*once the secret is available/,
    );
    expect(Ready).toMatchObject({ status: "False", reason: "InvalidStorageConfig" });
    expect(Degraded).toMatchObject({ status: "True" });
    // Nobody is asked again and again: it rests until the Secret comes.
    expect(world.reconciles("simplest")).toBeLessThanOrEqual(3);
    await world.secret("minio", minio);
    await ready(world);
    expect((await conditionsOf(world))["ConfigurationError"]).toMatchObject({ status: "False" });
  });

  test.each<[string, Partial<TempoStack["spec"]>, string, RegExp, Partial<TempoStack["spec"]>]>([
    [
      "a missing key",
      { storage: { secret: { name: "empty", type: "s3" } } },
      "InvalidStorageConfig",
      /must contain "bucket" field/,
      {},
    ],
    [
      "storage of another type",
      { storage: { secret: { name: "minio", type: "azure" } } },
      "InvalidStorageConfig",
      /must contain "container" field/,
      {},
    ],
    [
      "tenants without authentication",
      { tenants: { mode: "static" }, template: { gateway: { enabled: true } } },
      "InvalidTenantsConfiguration",
      /^Invalid tenants configuration: .*authentication/,
      {},
    ],
    [
      "extraConfig that is no object",
      { extraConfig: { tempo: ["a"] as never } },
      "InvalidConfiguration",
      /spec\.extraConfig\.tempo.*must be an object/,
      {},
    ],
    ["a duration that does not parse", { timeout: "soon" }, "InvalidConfiguration", /spec\.timeout/, {}],
    [
      "a missing service account",
      { serviceAccount: "nobody" },
      "InvalidConfiguration",
      /spec\.serviceAccount.*nobody/,
      {},
    ],
  ])("is %s: a condition that says what to do, and recovery", async (_, bad, reason, message, good) => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.secret("empty", {});
    await world.stack(bad);
    const found = await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    const condition = found.status?.conditions?.find(({ type }) => type === "ConfigurationError");
    expect(condition).toMatchObject({ reason });
    expect(condition?.message).toMatch(message);
    await world.settle(60_000);
    expect(world.reconciles("simplest")).toBeLessThanOrEqual(3);
    await world.cluster.client.delete(TempoStack, stackKey);
    await expectGone(world.cluster, TempoStack, stackKey);
    await world.stack({ storage, ...good });
    await ready(world);
  });

  test.each<[string, object, string, RegExp]>([
    [
      "an unknown type of storage",
      { storage: { secret: { name: "minio", type: "s4" } } },
      "InvalidStorageConfig",
      /s4/,
    ],
    [
      "an unknown mode of tenants",
      { tenants: { mode: "foo" } },
      "InvalidTenantsConfiguration",
      /choose static or openshift/,
    ],
    ["a total that does not parse", total("lots"), "InvalidConfiguration", /^spec\.resources\.total.*"lots"/],
    ["a size that does not parse", { storageSize: "lots" }, "InvalidConfiguration", /^spec\.storageSize.*"lots"/],
    ["a retention that is a number", { retention: { global: { traces: 5 } } }, "InvalidConfiguration", /traces/],
  ])("that the schema let through is %s: a condition, too", async (_, bad, reason, message) => {
    const world = await startWorld();
    await loosenSchema(world);
    await world.secret("minio", minio);
    await world.stack(bad as never);
    const found = await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    const condition = found.status?.conditions?.find(({ type }) => type === "ConfigurationError");
    expect(condition).toMatchObject({ reason });
    expect(condition?.message).toMatch(message);
    await world.settle(60_000);
    expect(world.reconciles("simplest")).toBeLessThanOrEqual(3);
  });

  test.each([33, 64])("is a name of %i characters: a condition, and nothing is made", async (length) => {
    const world = await startWorld();
    await world.secret("minio", minio);
    const name = "n".repeat(length);
    await world.stack({}, key(name));
    const found = await expectCondition(world.cluster, TempoStack, key(name), "ConfigurationError", "True");
    const condition = found.status?.conditions?.find(({ type }) => type === "ConfigurationError");
    expect(condition).toMatchObject({ reason: "InvalidConfiguration" });
    expect(condition?.message).toMatch(length > 63 ? /no more than 63/ : /choose a name of no more than 32/);
    await world.settle(60_000);
    expect(world.reconciles(name)).toBeLessThanOrEqual(3);
    expect((await world.cluster.client.list(ConfigMap, { namespace, from: "live" })).items).toHaveLength(1);
  });

  test("is told in an event, too, and so is what became of it", async () => {
    const world = await startWorld();
    await world.stack();
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    await world.secret("minio", minio);
    await ready(world);
    await world.cluster.client.delete(Service, key("tempo-simplest-querier"));
    await expectExists(world.cluster, Service, key("tempo-simplest-querier"));
    await world.settle(60_000);
    const { items } = await world.cluster.client.list(Event, { namespace, from: "live" });
    const told = items.filter(({ involvedObject }) => involvedObject?.kind === "TempoStack");
    expect(told.map(({ type, reason, message }) => `${type} ${reason} ${message}`)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Warning InvalidStorageConfig could not fetch storage configuration secret/),
        expect.stringMatching(/^Normal Created made \d+ objects: .*7 services/),
        "Normal Created made services/default/tempo-simplest-querier",
      ]),
    );
    expect(told.length).toBeLessThan(8);
  });

  test("leaves what runs as it is", async () => {
    const world = await startReady();
    await world.settle();
    const before = await snapshot(world);
    await world.cluster.client.delete(Secret, key("minio"));
    await expectCondition(world.cluster, TempoStack, stackKey, "ConfigurationError", "True");
    await world.settle();
    expect(await snapshot(world)).toEqual(before);
  });

  test("is an object of somebody else in the place of ours: Failed, naming it, until it is gone", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.cluster.client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "tempo-simplest", namespace },
    });
    await world.stack();
    await expectCondition(world.cluster, TempoStack, stackKey, "Failed", "True");
    const { Failed } = await conditionsOf(world);
    expect(Failed).toMatchObject({ reason: "FailedReconciliation" });
    expect(Failed?.message).toContain("configmaps/default/tempo-simplest");
    await world.cluster.client.delete(ConfigMap, key("tempo-simplest"));
    await ready(world);
  });
});
