import { describe, expect, it } from "vitest";
import type { TempoStack } from "../api/tempo-stack.ts";
import { communitySettings, openshiftSettings } from "../settings/operator-settings.ts";
import { defaultStack } from "./default-stack.ts";

type Spec = Partial<TempoStack["spec"]>;

const stackOf = (spec: Spec, labels?: Record<string, string>): TempoStack => ({
  metadata: { name: "simplest", namespace: "shop", ...(labels ? { labels } : {}) },
  spec: {
    managementState: "Managed",
    storage: { secret: { name: "minio", type: "s3" } },
    storageSize: "10Gi",
    ...spec,
  },
});
const defaulted = (spec: Spec, settings = communitySettings) => defaultStack(stackOf(spec), settings).spec;

/** Replicas in the order of the table: distributor, querier, query-frontend, compactor, gateway, generator, ingester. */
const replicasOf = (spec: Spec) => {
  const { template } = defaulted(spec);
  return [
    template.distributor.component.replicas,
    template.querier.replicas,
    template.queryFrontend.component.replicas,
    template.compactor.replicas,
    template.gateway.component.replicas,
    template.metricsGenerator?.component?.replicas,
    template.ingester.replicas,
  ];
};

describe("defaultStack", () => {
  it("2.2(1): labels the stack, and leaves who manages it if somebody is named", () => {
    expect(defaultStack(stackOf({}), communitySettings).metadata?.labels).toEqual({
      "app.kubernetes.io/managed-by": "tempo-operator",
      "tempo.grafana.com/distribution": "community",
    });
    const labels = { "app.kubernetes.io/managed-by": "helm", "tempo.grafana.com/distribution": "old", team: "a" };
    expect(defaultStack(stackOf({}, labels), openshiftSettings).metadata?.labels).toEqual({
      "app.kubernetes.io/managed-by": "helm",
      "tempo.grafana.com/distribution": "openshift",
      team: "a",
    });
  });

  it("2.2: fills a minimal stack with exactly the documented values", () => {
    const replicas = { replicas: 1, podSecurityContext: { fsGroup: 10001 } };
    expect(defaulted({ storageSize: "200M" })).toEqual({
      managementState: "Managed",
      storage: { secret: { name: "minio", type: "s3" } },
      storageSize: "200M",
      timeout: "30s",
      serviceAccount: "tempo-simplest",
      retention: { global: { traces: "48h0m0s" } },
      search: { defaultResultLimit: 20, maxDuration: "0s" },
      replicationFactor: 1,
      template: {
        ingester: replicas,
        distributor: { component: replicas },
        compactor: replicas,
        querier: replicas,
        queryFrontend: { component: replicas, jaegerQuery: { servicesQueryDuration: "72h0m0s" } },
        gateway: { enabled: false, component: replicas },
      },
    });
  });

  it.each<[string, Spec, Spec]>([
    ["2.2(2): keeps a service account", { serviceAccount: "mine" }, { serviceAccount: "mine" }],
    ["2.2(2): fills an empty service account", { serviceAccount: "" }, { serviceAccount: "tempo-simplest" }],
    [
      "2.2(2): replaces a retention of zero",
      { retention: { global: { traces: "0s" } } },
      { retention: { global: { traces: "48h0m0s" } } },
    ],
    [
      "2.2(2): writes durations as Go does, also by tenant",
      { retention: { global: { traces: "36h" }, perTenant: { a: { traces: "90m" } } } },
      { retention: { global: { traces: "36h0m0s" }, perTenant: { a: { traces: "1h30m0s" } } } },
    ],
    ["2.2(2): replaces a storage size of zero", { storageSize: 0 }, { storageSize: "10Gi" }],
    ["2.2(2): replaces a negative storage size", { storageSize: "-1Gi" }, { storageSize: "10Gi" }],
    ["2.2(2): writes quantities in their canonical form", { storageSize: "1024Mi" }, { storageSize: "1Gi" }],
    [
      "2.2(2): keeps a result limit of zero, which the user stated",
      { search: { defaultResultLimit: 0 } },
      { search: { defaultResultLimit: 0, maxDuration: "0s" } },
    ],
    ["2.2(3): takes the replication factor of the size", { size: "1x.pico" }, { replicationFactor: 2 }],
    ["2.2(3): keeps a stated replication factor", { size: "1x.pico", replicationFactor: 3 }, { replicationFactor: 3 }],
    ["2.2(3): replaces a replication factor of zero", { replicationFactor: 0 }, { replicationFactor: 1 }],
    ["2.2(10): replaces a timeout of zero", { timeout: "0s" }, { timeout: "30s" }],
    ["2.2(10): keeps a timeout, as Go writes it", { timeout: "120s" }, { timeout: "2m0s" }],
    ["2.2: leaves a duration that does not parse to validation", { timeout: "soon" }, { timeout: "soon" }],
  ])("%s", (_, spec, expected) => {
    expect(defaulted(spec)).toMatchObject(expected);
  });

  it.each<[string, Spec, readonly (number | undefined)[]]>([
    ["without a size", {}, [1, 1, 1, 1, 1, undefined, 1]],
    ["for 1x.demo", { size: "1x.demo" }, [1, 1, 1, 1, 1, 1, 1]],
    ["for 1x.pico", { size: "1x.pico" }, [2, 2, 2, 2, 2, 2, 2]],
    ["for 1x.extra-small", { size: "1x.extra-small" }, [2, 2, 2, 2, 2, 2, 2]],
    ["for 1x.small", { size: "1x.small" }, [3, 3, 2, 2, 2, 3, 2]],
    ["for 1x.medium", { size: "1x.medium" }, [4, 5, 2, 3, 2, 3, 2]],
    ["by the stated replication factor", { size: "1x.demo", replicationFactor: 5 }, [1, 1, 1, 1, 1, 1, 3]],
    [
      "only where none are stated",
      { size: "1x.small", template: { querier: { replicas: 7 }, ingester: { replicas: 4 } } },
      [3, 7, 2, 2, 2, 3, 4],
    ],
    ["but keeps zero", { template: { querier: { replicas: 0 } } }, [1, 0, 1, 1, 1, undefined, 1]],
  ])("2.2(3): sets replicas %s", (_, spec, expected) => {
    expect(replicasOf(spec)).toEqual(expected);
  });

  it("2.2(4): exposes the gateway by a route in openshift mode", () => {
    const gateway = (ingress: object) =>
      defaulted({ tenants: { mode: "openshift" }, template: { gateway: { enabled: true, ingress } } }).template.gateway
        .ingress;
    expect(gateway({})).toEqual({ type: "route", route: { termination: "reencrypt" } });
    expect(gateway({ type: "none" })).toEqual({ type: "none" });
    expect(gateway({ type: "route", route: { termination: "edge" } })).toEqual({
      type: "route",
      route: { termination: "edge" },
    });
  });

  const jaeger = (ingress: object, rest: object = {}, settings = communitySettings) =>
    defaulted({ template: { queryFrontend: { jaegerQuery: { enabled: true, ingress, ...rest } } } }, settings).template
      .queryFrontend.jaegerQuery;

  it("2.2(4): ends TLS of the Jaeger route at the edge", () => {
    expect(jaeger({ type: "route" })).toMatchObject({ ingress: { type: "route", route: { termination: "edge" } } });
    expect(jaeger({ type: "ingress" })).toMatchObject({ ingress: { type: "ingress" } });
  });

  it("2.2(5): turns IPv6 on where there is nothing else, unless told otherwise", () => {
    const ipv6 = { ...communitySettings, ipv6Only: true };
    expect(defaulted({}, ipv6).hashRing).toEqual({ memberlist: { enableIPv6: true } });
    expect(defaulted({ hashRing: { memberlist: { enableIPv6: false } } }, ipv6).hashRing).toEqual({
      memberlist: { enableIPv6: false },
    });
    expect(defaulted({}).hashRing).toBeUndefined();
  });

  it("2.2(6): keeps how far back services are looked for, as Go writes it", () => {
    expect(jaeger({}, { servicesQueryDuration: "24h" }).servicesQueryDuration).toBe("24h0m0s");
  });

  it("2.2(7): puts a login before a Jaeger route where the platform does so", () => {
    const sar = '{"namespace": "shop", "resource": "pods", "verb": "get"}';
    expect(jaeger({ type: "route" }, {}, openshiftSettings)).toMatchObject({ authentication: { enabled: true, sar } });
    expect(jaeger({ type: "ingress" }, {}, openshiftSettings)).not.toHaveProperty("authentication");
    expect(jaeger({ type: "route" }, { authentication: { enabled: false } }, openshiftSettings)).toMatchObject({
      authentication: { enabled: false },
    });
    expect(jaeger({ type: "route" })).not.toHaveProperty("authentication");
  });

  it("2.2(8): fills a blank access review and keeps any other", () => {
    expect(jaeger({}, { authentication: { enabled: true, sar: "  " } })).toMatchObject({
      authentication: { sar: '{"namespace": "shop", "resource": "pods", "verb": "get"}' },
    });
    expect(jaeger({}, { authentication: { enabled: true, sar: "{}" } })).toMatchObject({
      authentication: { sar: "{}" },
    });
  });

  it("2.2(9): names the processors of a metrics generator", () => {
    const generator = (metricsGenerator: object) =>
      defaulted({ template: { metricsGenerator } }).template.metricsGenerator;
    expect(generator({ enabled: true })?.processors).toEqual(["span-metrics", "service-graphs", "local-blocks"]);
    expect(generator({ enabled: true, processors: ["span-metrics"] })?.processors).toEqual(["span-metrics"]);
    expect(generator({ enabled: false })?.processors).toBeUndefined();
  });

  it("2.2(11): fills only the open fields of security contexts, those of the metrics generator too", () => {
    const { template } = defaulted({
      template: {
        ingester: { podSecurityContext: { runAsUser: 1 } },
        querier: { podSecurityContext: { fsGroup: 5 } },
        metricsGenerator: { enabled: true },
      },
    });
    expect(template.ingester).toMatchObject({ podSecurityContext: { runAsUser: 1, fsGroup: 10001 } });
    expect(template.querier).toMatchObject({ podSecurityContext: { fsGroup: 5 } });
    expect(template.metricsGenerator?.component).toEqual({ podSecurityContext: { fsGroup: 10001 } });
    expect(defaulted({}, openshiftSettings).template.compactor).toEqual({ replicas: 1, podSecurityContext: {} });
  });

  it("2.2(11): fills the open fields within a part of a security context", () => {
    const defaultPodSecurityContext = { seLinuxOptions: { level: "s0", type: "t" }, supplementalGroups: [1] };
    const podSecurityContext = { seLinuxOptions: { level: "s1" }, supplementalGroups: [2, 3] };
    const { template } = defaulted(
      { template: { compactor: { podSecurityContext } } },
      { ...openshiftSettings, defaultPodSecurityContext },
    );
    expect(template.compactor).toMatchObject({
      podSecurityContext: { seLinuxOptions: { level: "s1", type: "t" }, supplementalGroups: [2, 3] },
    });
  });

  it("2.2: writes the quantities of resources in their canonical form", () => {
    const spec = defaulted({
      resources: { total: { limits: { cpu: "2000m", memory: "2048Mi" } } },
      template: { querier: { resources: { requests: { cpu: "0.5" } } } },
    });
    expect(spec.resources?.total?.limits).toEqual({ cpu: "2", memory: "2Gi" });
    expect(spec.template.querier).toMatchObject({ resources: { requests: { cpu: "500m" } } });
  });

  it("changes nothing more the second time, and nothing in the object it was given", () => {
    const given = stackOf({
      size: "1x.medium",
      tenants: { mode: "openshift" },
      template: { gateway: { enabled: true } },
    });
    const before = structuredClone(given);
    const once = defaultStack(given, openshiftSettings);
    expect(given).toEqual(before);
    expect(defaultStack(once, openshiftSettings)).toEqual(once);
  });
});
