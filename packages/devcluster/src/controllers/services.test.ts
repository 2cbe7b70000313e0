import { EndpointSlice, Endpoints, type KubeObject, Pod, Service } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import type { DevCluster } from "../create-dev-cluster.ts";
import { eventually, expectApplied, expectExists, expectGone } from "../kit/expect.ts";
import { startCluster } from "../kit/with-cluster.test-support.ts";

const controllers = ["endpointslice", "endpoint", "endpoint-cleanup", "service-lb", "garbage-collector"];
const key = { namespace: "default", name: "web" };

const service = (spec: object = {}): KubeObject =>
  object("v1", "Service", "web", {
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: "http" }], ...spec },
  });

const pod = (name: string, ip: string | undefined, ready: boolean, port = 8080): KubeObject =>
  object("v1", "Pod", name, {
    metadata: { labels: { app: "web" } },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "web", image: "web", ports: [{ name: "http", containerPort: port }] }],
    },
    status: {
      phase: "Running",
      ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: "2026-01-01T00:00:05Z" }],
    },
  });

function object(
  apiVersion: string,
  kind: string,
  name: string,
  rest: Record<string, unknown> & { metadata?: object },
): KubeObject {
  return { apiVersion, kind, ...rest, metadata: { namespace: "default", name, ...rest.metadata } } as KubeObject;
}

const slicesOf = async ({ client }: DevCluster) =>
  (await client.list(EndpointSlice, { namespace: "default", labelSelector: "kubernetes.io/service-name=web" })).items;

async function expectSlices(cluster: DevCluster, count: number, addresses: number) {
  return eventually(cluster, async () => {
    const slices = await slicesOf(cluster);
    expect(slices).toHaveLength(count);
    expect(slices.flatMap(({ endpoints = [] }) => endpoints)).toHaveLength(addresses);
    return slices;
  });
}

describe("endpoints of services", () => {
  test("a service gets a slice with its pods, and whether they are ready", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(
      cluster,
      object("v1", "Node", "node-1", {
        metadata: { namespace: undefined, labels: { "topology.kubernetes.io/zone": "z1" } },
      }),
      service(),
      pod("a", "10.0.0.1", true),
      pod("b", "10.0.0.2", false),
      pod("c", undefined, false),
    );
    const [slice] = await expectSlices(cluster, 1, 2);
    expect(slice).toMatchObject({
      addressType: "IPv4",
      metadata: {
        generateName: "web-",
        labels: {
          "kubernetes.io/service-name": "web",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        },
        ownerReferences: [{ kind: "Service", name: "web", controller: true, blockOwnerDeletion: true }],
      },
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
    });
    const endpoints = await eventually(cluster, async () => {
      const [now] = await slicesOf(cluster);
      expect(now!.endpoints!.every(({ zone }) => zone === "z1")).toBe(true);
      return now!.endpoints!;
    });
    expect(endpoints.map(({ addresses, conditions, nodeName }) => [addresses[0], conditions?.ready, nodeName])).toEqual(
      [
        ["10.0.0.1", true, "node-1"],
        ["10.0.0.2", false, "node-1"],
      ],
    );
    expect(endpoints[0]!.targetRef).toMatchObject({ kind: "Pod", name: "a", namespace: "default" });
  });

  test("a ready pod that is going serves, and gets nothing new unless the service says so", async () => {
    const cluster = await startCluster({ controllers });
    const kept = pod("a", "10.0.0.1", true);
    const finalizers = ["example.com/keep"];
    const going = { ...kept, metadata: { ...kept.metadata, finalizers } } as KubeObject;
    await expectApplied(cluster, service(), going);
    await expectSlices(cluster, 1, 1);
    await cluster.client.delete(Pod, { namespace: "default", name: "a" });
    const conditionsAre = (wanted: object) =>
      eventually(cluster, async () => {
        const [slice] = await slicesOf(cluster);
        expect(slice!.endpoints![0]!.conditions).toEqual(wanted);
      });
    await conditionsAre({ ready: false, serving: true, terminating: true });
    await expectExists(cluster, Endpoints, key, ({ subsets }) => (subsets?.length ?? 0) === 0);
    await expectApplied(cluster, service({ publishNotReadyAddresses: true }));
    await conditionsAre({ ready: true, serving: true, terminating: true });
    await expectExists(cluster, Endpoints, key, ({ subsets }) => subsets?.[0]?.addresses?.[0]?.ip === "10.0.0.1");
  });

  test.for<[string | undefined, object | undefined]>([
    [undefined, undefined],
    ["PreferClose", { forZones: [{ name: "z1" }] }],
    ["PreferSameZone", { forZones: [{ name: "z1" }] }],
    ["PreferSameNode", { forZones: [{ name: "z1" }], forNodes: [{ name: "node-1" }] }],
  ])("traffic distribution %s gives ready endpoints the hints %j", async ([trafficDistribution, hints]) => {
    const cluster = await startCluster({ controllers });
    const labels = { "topology.kubernetes.io/zone": "z1" };
    await expectApplied(
      cluster,
      object("v1", "Node", "node-1", { metadata: { namespace: undefined, labels } }),
      pod("a", "10.0.0.1", true),
      pod("b", "10.0.0.2", false),
      service(trafficDistribution ? { trafficDistribution } : {}),
    );
    await eventually(cluster, async () => {
      const [slice] = await slicesOf(cluster);
      expect(slice?.endpoints?.map((endpoint) => [endpoint.zone, endpoint.hints])).toEqual([
        ["z1", hints],
        ["z1", undefined],
      ]);
    });
    if (!trafficDistribution) return;
    await cluster.client.patchMerge(Service, key, { spec: { trafficDistribution: null } });
    await eventually(cluster, async () => {
      const [slice] = await slicesOf(cluster);
      expect(slice?.endpoints?.some((endpoint) => endpoint.hints)).toBe(false);
    });
  });

  test("a service without pods has one empty slice", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service());
    await expectSlices(cluster, 1, 0);
  });

  test("a pod that gets ready, goes or changes its labels is followed", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service(), pod("a", "10.0.0.1", false));
    await expectSlices(cluster, 1, 1);
    await expectApplied(cluster, pod("a", "10.0.0.1", true));
    await eventually(cluster, async () =>
      expect((await slicesOf(cluster))[0]?.endpoints?.[0]?.conditions?.ready).toBe(true),
    );
    await expectApplied(cluster, {
      ...pod("a", "10.0.0.1", true),
      metadata: { name: "a", namespace: "default", labels: { app: "other" } },
    });
    await expectSlices(cluster, 1, 0);
  });

  test("pods that name their port differently are in slices of their own", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service(), pod("a", "10.0.0.1", true, 8080), pod("b", "10.0.0.2", true, 9090));
    const slices = await expectSlices(cluster, 2, 2);
    expect(slices.map(({ ports }) => ports?.[0]?.port).toSorted()).toEqual([8080, 9090]);
  });

  test("a headless service says so in a label", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service({ clusterIP: "None" }));
    const [slice] = await expectSlices(cluster, 1, 0);
    expect(slice!.metadata.labels).toHaveProperty(["service.kubernetes.io/headless"], "");
  });

  test("the older Endpoints follow, and go with the service", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service(), pod("a", "10.0.0.1", true), pod("b", "10.0.0.2", false));
    const found = await expectExists(
      cluster,
      Endpoints,
      key,
      ({ subsets }) => subsets?.[0]?.notReadyAddresses?.length === 1,
    );
    expect(found.subsets).toMatchObject([
      {
        addresses: [{ ip: "10.0.0.1" }],
        notReadyAddresses: [{ ip: "10.0.0.2" }],
        ports: [{ name: "http", port: 8080 }],
      },
    ]);
    await cluster.client.delete(Service, key);
    await expectGone(cluster, Endpoints, key);
    await eventually(cluster, async () => expect(await slicesOf(cluster)).toEqual([]));
  });

  test("nothing more is written once all is said", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service(), pod("a", "10.0.0.1", true));
    const [before] = await expectSlices(cluster, 1, 1);
    const endpoints = await expectExists(cluster, Endpoints, key, ({ subsets }) => (subsets?.length ?? 0) > 0);
    await cluster.client.patchMerge(Service, key, { metadata: { annotations: { touched: "yes" } } });
    await cluster.clock.advance(60_000);
    const [after] = await slicesOf(cluster);
    expect(after!.metadata.resourceVersion).toBe(before!.metadata.resourceVersion);
    expect((await cluster.client.get(Endpoints, key)).metadata.resourceVersion).toBe(
      endpoints.metadata.resourceVersion,
    );
  });
});

describe("hand-made endpoints", () => {
  const handMade = (addresses: object[], metadata: object = {}) =>
    object("v1", "Endpoints", "web", { metadata, subsets: [{ addresses, ports: [{ name: "http", port: 80 }] }] });
  const mirroring = { controllers: [...controllers, "endpointslicemirroring"] };

  test("of a service without a selector are mirrored, followed, and taken away again", async () => {
    const cluster = await startCluster(mirroring);
    await expectApplied(
      cluster,
      service({ selector: undefined }),
      handMade([{ ip: "192.0.2.1" }, { ip: "2001:db8::1" }]),
    );
    const slices = await expectSlices(cluster, 2, 2);
    expect(slices.map(({ addressType }) => addressType).toSorted()).toEqual(["IPv4", "IPv6"]);
    expect(slices[0]).toMatchObject({
      metadata: {
        labels: { "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io" },
        ownerReferences: [{ kind: "Endpoints", name: "web" }],
      },
      ports: [{ name: "http", port: 80 }],
    });
    await expectApplied(cluster, handMade([{ ip: "192.0.2.1" }, { ip: "192.0.2.2" }]));
    await expectSlices(cluster, 1, 2);
    await cluster.client.delete(Endpoints, key);
    await expectSlices(cluster, 0, 0);
  });

  test("that ask not to be mirrored are left alone", async () => {
    const cluster = await startCluster(mirroring);
    const labels = { "endpointslice.kubernetes.io/skip-mirror": "true" };
    await expectApplied(cluster, service({ selector: undefined }), handMade([{ ip: "192.0.2.1" }], { labels }));
    await cluster.clock.advance(60_000);
    expect(await slicesOf(cluster)).toEqual([]);
  });
});

describe("load balancers", () => {
  test("a service of type LoadBalancer gets an address of its own", async () => {
    const cluster = await startCluster({ controllers });
    const other = { ...service({ type: "LoadBalancer" }), metadata: { name: "other", namespace: "default" } };
    await expectApplied(cluster, service({ type: "LoadBalancer" }), other);
    const hasAddress = (each: Service): boolean => (each.status?.loadBalancer?.ingress?.length ?? 0) > 0;
    const first = await expectExists(cluster, Service, key, hasAddress);
    const second = await expectExists(cluster, Service, { namespace: "default", name: "other" }, hasAddress);
    expect(first.status?.loadBalancer?.ingress).toEqual([
      { ip: expect.stringMatching(/^198\.51\.100\./), ipMode: "VIP" },
    ]);
    expect(second.status?.loadBalancer?.ingress?.[0]?.ip).not.toBe(first.status?.loadBalancer?.ingress?.[0]?.ip);
    expect(first.metadata.finalizers).toEqual(["service.kubernetes.io/load-balancer-cleanup"]);
    await cluster.client.delete(Service, key);
    await expectGone(cluster, Service, key);
  });

  test("the address comes after the delay asked for", async () => {
    const cluster = await startCluster({ controllers, loadBalancer: { delayMs: 5_000 } });
    await expectApplied(cluster, service({ type: "LoadBalancer" }));
    await cluster.clock.advance(4_000);
    expect((await cluster.client.get(Service, key)).status?.loadBalancer?.ingress ?? []).toEqual([]);
    await cluster.clock.advance(2_000);
    expect((await cluster.client.get(Service, key)).status?.loadBalancer?.ingress).toHaveLength(1);
  });

  test("a service that is no load balancer any more gives its address back", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service({ type: "LoadBalancer" }));
    await expectExists(cluster, Service, key, ({ status }) => (status?.loadBalancer?.ingress?.length ?? 0) > 0);
    await expectApplied(cluster, service({ type: "ClusterIP" }));
    const after = await expectExists(cluster, Service, key, ({ metadata }) => !metadata.finalizers?.length);
    expect(after.status?.loadBalancer?.ingress ?? []).toEqual([]);
  });

  test("a service of another load balancer class is left alone", async () => {
    const cluster = await startCluster({ controllers });
    await expectApplied(cluster, service({ type: "LoadBalancer", loadBalancerClass: "example.com/other" }));
    await cluster.clock.advance(60_000);
    expect((await cluster.client.get(Service, key)).status?.loadBalancer?.ingress ?? []).toEqual([]);
  });
});

describe("the API server's own service", () => {
  test("has endpoints in both forms, one slice for it", async () => {
    const cluster = await startCluster();
    const { items } = await cluster.client.list(EndpointSlice, {
      namespace: "default",
      labelSelector: "kubernetes.io/service-name=kubernetes",
    });
    const endpoints = await cluster.client.get(Endpoints, { namespace: "default", name: "kubernetes" });
    const ips = endpoints.subsets?.flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
    expect([items.length, items[0]?.endpoints?.flatMap(({ addresses }) => addresses)]).toEqual([1, ips]);
    expect(items[0]?.ports).toEqual([{ name: "https", port: 6443, protocol: "TCP" }]);
  });
});
