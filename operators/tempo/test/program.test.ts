import {
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  createVirtualClock,
  type KubeObject,
  Lease,
  NetworkPolicy,
  type Resource,
  Secret,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import { createDevCluster, type DevCluster, expectApplied, installResources } from "@homeostat/devcluster";
import { type ManagerOptions, type SignalProcess, silentLogger } from "@homeostat/runtime";
import { describe, expect, it, onTestFinished } from "vitest";
import { TempoMonolithic, TempoStack } from "../src/index.ts";
import { manifests } from "../src/manifests.ts";
import { tempoOperator } from "../src/operator.ts";
import { permissions } from "../src/permissions.ts";
import {
  APIServer,
  CredentialsRequest,
  DNS,
  IngressController,
  PrometheusRule,
  Route,
  ServiceMonitor,
} from "../src/platform/kinds.ts";
import { listenAddress } from "../src/program/addresses.ts";
import { homeOf } from "../src/program/home.ts";
import { managerOptions } from "../src/program/manager-options.ts";
import { start } from "../src/program/start.ts";
import { loadSettings } from "../src/settings/load-settings.ts";
import { webhookNames } from "../src/webhooks/configurations.ts";

const home = "tempo-operator-system";
const account = {
  username: `system:serviceaccount:${home}:tempo-operator-controller-manager`,
  groups: ["system:serviceaccounts", `system:serviceaccounts:${home}`, "system:authenticated"],
};
const noFile = (path: string): string => {
  throw new Error(`no such file: ${path}`);
};
const dual = { lo: [{ family: "IPv6", address: "::1" }], eth0: [{ family: "IPv4", address: "10.0.0.1" }] } as const;

describe("7.3 what the settings make of a manager", () => {
  const optionsOf = (env: Record<string, string>, pod: string | undefined = home): ManagerOptions =>
    managerOptions(loadSettings({ env }).program, pod === undefined ? undefined : { namespace: pod }, dual);

  it("serves metrics at 8443 to whom may read them, probes at 8081, and elects by the Go operator's Lease", () => {
    expect(optionsOf({})).toMatchObject({
      metricsAddress: "[::]:8443",
      metrics: { auth: true, secure: true },
      healthAddress: "[::]:8081",
      leaderElection: { id: "8b886b0f.grafana.com", namespace: home, leaseDurationMs: 15_000 },
    });
  });

  it.each<[string, Record<string, string>, object]>([
    ["plain metrics", { METRICS_SECURE: "false" }, { metricsAddress: "[::]:8080", metrics: {} }],
    ["metrics nowhere", { METRICS_BIND_ADDRESS: "0" }, { metricsAddress: false }],
    ["some namespaces", { WATCH_NAMESPACE: "a,b" }, { namespaces: ["a", "b"] }],
    [
      "a Lease elsewhere",
      { LEADER_ELECTION_RESOURCE_NAMESPACE: "ops", LEADER_ELECTION_RESOURCE_NAME: "mine" },
      { leaderElection: { id: "mine", namespace: "ops" } },
    ],
  ])("%s", (_, env, wanted) => {
    expect(optionsOf(env)).toMatchObject(wanted);
  });

  it("elects nobody where that is off, nor outside of a cluster", () => {
    expect(optionsOf({ LEADER_ELECTION_ENABLED: "false" }).leaderElection).toBeUndefined();
    expect(managerOptions(loadSettings({ env: {} }).program, undefined, dual).leaderElection).toBeUndefined();
  });

  it("serves metrics with the certificate in files where flags name them", () => {
    const { program } = loadSettings({ env: {}, argv: ["start", "--metrics-tls-cert-dir=/certs"] });
    expect(managerOptions(program, undefined, dual).metrics?.secure).toHaveProperty("start");
  });

  it.each([
    [":8443", dual, "[::]:8443"],
    [":8443", { eth0: [{ family: "IPv4", address: "10.0.0.1" }] } as const, "0.0.0.0:8443"],
    ["127.0.0.1:9", dual, "127.0.0.1:9"],
    ["0", dual, false],
  ])("listens for %s", (address, interfaces, wanted) => {
    expect(listenAddress(address, interfaces)).toBe(wanted);
  });

  it("finds out where it runs by the variable, then by the account's file", () => {
    expect(homeOf({ POD_NAMESPACE: "a" }, noFile)).toEqual({ namespace: "a" });
    expect(homeOf({}, () => "b\n")).toEqual({ namespace: "b" });
    expect(homeOf({}, noFile)).toBeUndefined();
  });
});

const files = manifests();

/** A cluster with the manifests applied, where the program runs as what they say it is. */
async function startProgram(env: Record<string, string> = {}, granted = files["base/rbac.yaml"] as KubeObject[]) {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, random: () => 0.5 });
  onTestFinished(() => cluster.stop());
  const isAsked = env["ENABLE_WEBHOOKS"] !== "false";
  for (const file of ["namespace", "services", "deployment", ...(isAsked ? ["webhooks"] : [])])
    await expectApplied(cluster, ...(files[`base/${file}.yaml`] as KubeObject[]));
  await expectApplied(cluster, ...granted);
  await installResources(cluster.client, clock, [TempoStack, TempoMonolithic]);

  const listeners = new Map<string, () => void>();
  const process: SignalProcess = {
    on: (signal, listener) => listeners.set(signal, listener),
    off: (signal) => listeners.delete(signal),
    exit: (code) => expect.fail(`the program exits with ${code}`),
  };
  const loaded = loadSettings({
    env: { METRICS_BIND_ADDRESS: "127.0.0.1:0", HEALTH_PROBE_BIND_ADDRESS: "127.0.0.1:0", ...env },
  });
  const refused: string[] = [];
  const log = {
    ...silentLogger,
    error: (fields: object, message: string) => void refused.push(`${message} ${JSON.stringify(fields, errorText)}`),
    child: () => log,
  };
  const ended = start(
    { ...loaded, program: { ...loaded.program, webhooks: { ...loaded.program.webhooks, port: 0 } } },
    {
      env: { POD_NAMESPACE: home },
      readFile: noFile,
      interfaces: dual,
      process,
      manager: { transport: cluster.transport(account), clock, random: () => 0.5, log },
    },
  );
  let isOver = false;
  ended.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  await clock.until(() => listeners.size > 0, "the program to listen for signals");
  return {
    cluster,
    clock,
    refused,
    ended,
    async sigterm() {
      listeners.get("SIGTERM")?.();
      await clock.until(() => isOver, "the program to end");
      return ended;
    },
  };
}

const errorText = (_: string, value: unknown) => (value instanceof Error ? value.message : value);
const find = (cluster: DevCluster, name: string) => cluster.client.find(NetworkPolicy, { namespace: home, name });

describe("the program, allowed what its manifests allow and no more", () => {
  it("leads, makes its own policies, runs a stack, and gives its lease up when it is asked to stop", async () => {
    const world = await startProgram({ ENABLE_WEBHOOKS: "false" });
    const { cluster, clock } = world;
    await expectApplied(cluster, ...samples);
    await clock.until(
      async () =>
        (await cluster.client.find(ConfigMap, { namespace: "default", name: "tempo-simplest" })) !== undefined,
      "the stack's configuration",
    );
    await clock.until(async () => (await readiness(cluster)) === "True", "the stack to be ready");
    const policy = await find(cluster, "tempo-operator-deny-all");
    expect(policy?.metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "Deployment tempo-operator-controller",
    ]);
    expect(await find(cluster, "tempo-operator-ingress-webhook")).toBeUndefined();
    const lease = { namespace: home, name: "8b886b0f.grafana.com" };
    expect((await cluster.client.get(Lease, lease)).spec?.holderIdentity).toBeTruthy();

    await world.sigterm();
    expect((await cluster.client.get(Lease, lease)).spec?.holderIdentity).toBeUndefined();
    expect(world.refused).toEqual([]);
  });

  it("runs a TempoMonolithic, and leaves nothing of one that is deleted", async () => {
    const world = await startProgram({ ENABLE_WEBHOOKS: "false" });
    const { cluster, clock } = world;
    const key = { namespace: "default", name: "mono" };
    await expectApplied(cluster, TempoMonolithic.object({ metadata: key, spec: {} }));
    await clock.until(
      async () => (await cluster.client.find(ConfigMap, { ...key, name: "tempo-mono-config" })) !== undefined,
      "its configuration",
    );
    await cluster.client.delete(TempoMonolithic, key);
    await clock.until(
      async () =>
        (await cluster.client.find(TempoMonolithic, key)) === undefined &&
        (await cluster.client.find(ConfigMap, { ...key, name: "tempo-mono-config" })) === undefined,
      "everything to be gone",
    );
    await world.sigterm();
    expect(world.refused).toEqual([]);
  });

  it("keeps its webhooks' certificate in a Secret of its own, and trust in both configurations", async () => {
    const world = await startProgram();
    const { cluster, clock } = world;
    const trusted = async (): Promise<boolean> => {
      const found = await cluster.client.get(ValidatingWebhookConfiguration, { name: webhookNames.validating });
      return (found.webhooks ?? []).every(({ clientConfig }) => clientConfig.caBundle !== undefined);
    };
    await clock.until(trusted, "trust in the webhooks");
    expect(await cluster.client.find(Secret, { namespace: home, name: webhookNames.certificates })).toBeDefined();
    await clock.until(
      async () => (await find(cluster, "tempo-operator-ingress-webhook")) !== undefined,
      "the policy that lets the API server in",
    );
    await world.sigterm();
    expect(world.refused).toEqual([]);
  });

  it("keeps to the namespaces it is told, with Roles there and no more than it needs beyond", async () => {
    const world = await startProgram({ ENABLE_WEBHOOKS: "false", WATCH_NAMESPACE: "team" }, namespacedRules("team"));
    const { cluster, clock } = world;
    for (const namespace of ["team", "default"])
      await expectApplied(
        cluster,
        ...samples.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }) as KubeObject),
      );
    await clock.until(async () => (await readiness(cluster, "team")) === "True", "the stack to be ready");
    await clock.until(async () => (await find(cluster, "tempo-operator-deny-all")) !== undefined, "its own policies");
    expect((await cluster.client.get(TempoStack, { namespace: "default", name: "simplest" })).status).toBeUndefined();
    await world.sigterm();
    expect(world.refused).toEqual([]);
  });

  it("runs a gateway with OpenShift's users, granting no right that it has not got itself", async () => {
    const env = { ENABLE_WEBHOOKS: "false", DISTRIBUTION: "openshift", ROLEARN: "arn:aws:iam::1:role/tempo" };
    const openshift = [...(files["base/rbac.yaml"] ?? []), ...(files["openshift/rbac.yaml"] ?? [])] as KubeObject[];
    const world = await startProgram(env, [...openshiftKinds(), ...openshift]);
    const { cluster, clock } = world;
    const [secret] = samples;
    await expectApplied(
      cluster,
      secret!,
      {
        apiVersion: "config.openshift.io/v1",
        kind: "APIServer",
        metadata: { name: "cluster" },
        spec: {},
      } as KubeObject,
      {
        apiVersion: "config.openshift.io/v1",
        kind: "DNS",
        metadata: { name: "cluster" },
        spec: { baseDomain: "example.com" },
      } as KubeObject,
      TempoStack.object({
        metadata: { namespace: "default", name: "gated" },
        spec: {
          storage: { secret: { name: "minio-test", type: "s3" } },
          tenants: { mode: "openshift", authentication: [{ tenantName: "dev", tenantId: "1" }] },
          template: { gateway: { enabled: true } },
          observability: { metrics: { createServiceMonitors: true, createPrometheusRules: true } },
        },
      }),
    );
    const made = async (resource: Resource, name: string, namespace?: string): Promise<boolean> =>
      (await cluster.client.find(resource, { name, ...(namespace ? { namespace } : {}) })) !== undefined;
    await clock.until(() => made(ClusterRoleBinding, "tempo-gated-gateway-default"), "the gateway's rights");
    await clock.until(() => made(Route, "tempo-gated-gateway", "default"), "the gateway's Route");
    await clock.until(() => made(ServiceMonitor, "tempo-gated-distributor", "default"), "monitors");
    await clock.until(() => made(PrometheusRule, "tempo-operator-controller-manager-prometheus-rule", home), "alerts");

    await cluster.client.delete(TempoStack, { namespace: "default", name: "gated" });
    await clock.until(
      async () =>
        !(await made(TempoStack, "gated", "default")) && !(await made(ClusterRole, "tempo-gated-gateway-default")),
      "nothing to be left, beyond the namespace either",
    );
    await world.sigterm();
    expect(world.refused).toEqual([]);
  });

  it("7.6: takes away what a gate does not want any more, and nothing else of such a name", async () => {
    const world = await startProgram({ ENABLE_WEBHOOKS: "false", FEATURE_GATES: "-networkPolicies" });
    const { cluster, clock } = world;
    const of = (name: string, labels: Record<string, string>) =>
      ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { namespace: home, name, labels },
        spec: { podSelector: {} },
      }) as KubeObject;
    await expectApplied(
      cluster,
      of("tempo-operator-deny-all", { "app.kubernetes.io/name": "tempo-operator" }),
      of("tempo-operator-ingress-to-metrics", {}),
    );
    await clock.advance(700_000);
    expect(await find(cluster, "tempo-operator-deny-all")).toBeUndefined();
    expect(await find(cluster, "tempo-operator-ingress-to-metrics")).toBeDefined();
    await world.sigterm();
    expect(world.refused).toEqual([]);
  });
});

const samples = tempoOperator().samples.map(({ object }) => object);

async function readiness(cluster: DevCluster, namespace = "default"): Promise<string | undefined> {
  const { status } = await cluster.client.get(TempoStack, { namespace, name: "simplest" });
  return status?.conditions?.find(({ type }) => type === "Ready")?.status;
}

/** What the chart grants with `watchNamespaces`. */
function namespacedRules(watched: string): KubeObject[] {
  const { common, cluster, metricsAuth, self, election } = permissions;
  const group = "rbac.authorization.k8s.io";
  const [subject] = [{ kind: "ServiceAccount", name: "tempo-operator-controller-manager", namespace: home }];
  const granted = (kind: string, namespace: string | undefined, rules: readonly object[]) => {
    const metadata = { name: "tempo", ...(namespace === undefined ? {} : { namespace }) };
    return [
      { apiVersion: `${group}/v1`, kind, metadata, rules },
      {
        apiVersion: `${group}/v1`,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: group, kind, name: "tempo" },
        subjects: [subject],
      },
    ];
  };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: watched } },
    ...granted("ClusterRole", undefined, [...cluster, ...metricsAuth]),
    ...granted("Role", watched, common),
    ...granted("Role", home, [...self, ...election]),
  ] as KubeObject[];
}

/** OpenShift's kinds, and Prometheus's, as far as an API server must know them. */
function openshiftKinds(): KubeObject[] {
  const kinds = [Route, ServiceMonitor, PrometheusRule, CredentialsRequest, APIServer, DNS, IngressController];
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return kinds
    .map(
      ({ group, version, kind, plural, scope }) =>
        ({
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: `${plural}.${group}` },
          spec: {
            group,
            scope: scope === "Cluster" ? "Cluster" : "Namespaced",
            names: { kind, plural },
            versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: anything } }],
          },
        }) as KubeObject,
    )
    .concat({ apiVersion: "v1", kind: "Namespace", metadata: { name: "openshift-monitoring" } });
}
