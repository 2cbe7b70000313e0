import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { type Circumstances, stackInput } from "../input.test-support.ts";
import type { StackInput } from "../input.ts";
import { networkPolicies } from "./network-policies.ts";
import { canConnect, type Traffic } from "./policy-evaluator.test-support.ts";

const policiesOf = (input: StackInput) => networkPolicies(input) as readonly NetworkPolicy[];
const of = (spec: Partial<TempoStackSpec> = {}, circumstances: Circumstances = {}) =>
  policiesOf(stackInput(spec, circumstances));
const named = (policies: readonly NetworkPolicy[], name: string): NetworkPolicy =>
  policies.find(({ metadata }) => metadata?.name === name)!;

const pod = (component: string, instance = "simplest") => ({
  namespace: "shop",
  labels: {
    "app.kubernetes.io/name": "tempo",
    "app.kubernetes.io/instance": instance,
    "app.kubernetes.io/managed-by": "tempo-operator",
    "app.kubernetes.io/component": component,
  },
});
const stranger = { namespace: "elsewhere", labels: { app: "collector" } };
const inTheWorld = (ip: string) => ({ ip });

const gateway = { template: { gateway: { enabled: true } } } satisfies Partial<TempoStackSpec>;
const static_ = { tenants: { mode: "static" as const } };
const jaeger = { queryFrontend: { jaegerQuery: { enabled: true } } };
const generator = (...remoteWriteURLs: string[]) => ({ metricsGenerator: { enabled: true, remoteWriteURLs } });
const tracing = (otlp_http_endpoint: string) => ({
  observability: {
    tracing: { sampling_fraction: "1.0", otlp_http_endpoint, jaeger_agent_endpoint: "localhost:6831" },
  },
});

describe("networkPolicies: which there are", () => {
  it.each<[string, Partial<TempoStackSpec>, Circumstances, string[]]>([
    ["three and five in the simplest stack", {}, {}, []],
    ["one of the gateway", gateway, {}, ["tempo-simplest-gateway"]],
    [
      "one of the metrics generator",
      { template: generator("http://p:9090") },
      {},
      ["tempo-simplest-metrics-generator"],
    ],
  ])("3.13: %s", (_, spec, circumstances, further) => {
    expect(of(spec, circumstances).map(({ metadata }) => metadata?.name)).toEqual([
      "tempo-simplest-gossip",
      "tempo-simplest-ingress-to-operand-metrics",
      "tempo-simplest-allow-dns",
      ...["distributor", "ingester", "compactor", "querier", "query-frontend"].map((name) => `tempo-simplest-${name}`),
      ...further,
    ]);
  });

  it("3.13: none when networkPolicy.enabled is false, and all when it is not said", () => {
    expect(of({ networkPolicy: { enabled: false } })).toEqual([]);
    expect(of({ networkPolicy: { enabled: true } })).toHaveLength(8);
    expect(of({}, { gates: { networkPolicies: false } })).toHaveLength(8);
  });
});

describe("networkPolicies: shape", () => {
  const instance = { "app.kubernetes.io/instance": "simplest", "app.kubernetes.io/managed-by": "tempo-operator" };
  const members = [{ podSelector: { matchLabels: instance } }];
  const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: "TCP", port }));

  it("3.13: lets the members of the ring gossip", () => {
    const allowed = tcp(7946, 3200, 3101);
    expect(named(of(), "tempo-simplest-gossip")).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "tempo-simplest-gossip", labels: instance },
      spec: {
        podSelector: { matchLabels: instance },
        egress: [{ ports: allowed, to: members }],
        ingress: [{ ports: allowed, from: members }],
        policyTypes: ["Egress", "Ingress"],
      },
    });
  });

  it("3.13: lets OpenShift's monitoring scrape, and with quirk 19 whom the spec names", () => {
    const openshift = {
      namespaceSelector: { matchExpressions: [{ key: "openshift.io/cluster-monitoring", operator: "Exists" }] },
    };
    const name = "tempo-simplest-ingress-to-operand-metrics";
    expect(named(of(), name).spec).toEqual({
      podSelector: { matchLabels: instance },
      ingress: [{ ports: tcp(3200), from: [openshift] }],
      policyTypes: ["Ingress"],
    });
    const metricsNamespaceSelector = { matchLabels: { team: "observability" } };
    const { spec } = named(of({ networkPolicy: { enabled: true, metricsNamespaceSelector } }), name);
    expect(spec?.ingress?.[0]?.from).toEqual([openshift, { namespaceSelector: metricsNamespaceSelector }]);
  });

  it.each([
    ["community", "allow-dns", 53, "kube-system", { "k8s-app": "kube-dns" }],
    [
      "openshift",
      "allow-dns-openshift",
      5353,
      "openshift-dns",
      { "dns.operator.openshift.io/daemonset-dns": "default" },
    ],
  ] as const)("3.13: lets names be resolved, distribution %s", (distribution, policy, port, namespace, labels) => {
    expect(named(of({}, { settings: { distribution } }), `tempo-simplest-${policy}`).spec).toEqual({
      podSelector: { matchLabels: instance },
      egress: [
        {
          ports: [
            { protocol: "TCP", port },
            { protocol: "UDP", port },
          ],
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
              podSelector: { matchLabels: labels },
            },
          ],
        },
      ],
      policyTypes: ["Egress"],
    });
  });

  it("3.13: has a rule for each port that a component speaks to, and for each that it hears from", () => {
    const select = (component: string) => [{ podSelector: { matchLabels: pod(component).labels } }];
    const anywhere = [{ ipBlock: { cidr: "0.0.0.0/0" } }, { namespaceSelector: {} }];
    expect(named(of(), "tempo-simplest-querier")).toEqual({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "tempo-simplest-querier", labels: pod("querier").labels },
      spec: {
        podSelector: { matchLabels: pod("querier").labels },
        egress: [
          { ports: tcp(9095), to: select("ingester") },
          { ports: tcp(3200), to: select("ingester") },
          { ports: tcp(9095), to: select("query-frontend") },
          { ports: tcp(3200), to: select("query-frontend") },
          { to: anywhere },
        ],
        ingress: [{ ports: tcp(9095, 3200), from: select("query-frontend") }],
        policyTypes: ["Egress", "Ingress"],
      },
    });
    expect(named(of(), "tempo-simplest-compactor").spec).toMatchObject({
      egress: [{ to: anywhere }],
      policyTypes: ["Egress"],
    });
  });

  it("3.13: has one rule of all ports for each source", () => {
    const { spec } = named(of({ template: jaeger }), "tempo-simplest-query-frontend");
    expect(spec?.ingress).toEqual([
      { ports: tcp(9095, 3200, 16685, 16686, 16687), from: [{ namespaceSelector: {} }] },
      { ports: tcp(9095, 3200), from: [{ podSelector: { matchLabels: pod("querier").labels } }] },
    ]);
    const distributor = named(of(), "tempo-simplest-distributor").spec;
    expect(distributor?.ingress?.[0]?.ports?.map(({ protocol, port }) => `${protocol} ${port}`)).toEqual([
      ...["TCP 4317", "TCP 4318", "TCP 14268", "UDP 6831", "UDP 6832", "TCP 14250", "TCP 9411", "TCP 3200"],
    ]);
  });

  it("3.13: mirrors every relation between components into both policies", () => {
    const policies = of({
      ...gateway,
      ...static_,
      template: { ...gateway.template, ...jaeger, ...generator("http://p") },
    });
    const component = (peer: NetworkPolicyPeer) => peer.podSelector?.matchLabels?.["app.kubernetes.io/component"];
    const pairs = (
      own: string,
      peers: readonly NetworkPolicyPeer[],
      ports: readonly NetworkPolicyPort[],
      out: boolean,
    ) =>
      peers.flatMap((peer) =>
        component(peer) === undefined
          ? []
          : ports.map(({ port }) => (out ? `${own}>${component(peer)}:${port}` : `${component(peer)}>${own}:${port}`)),
      );
    const of_ = (out: boolean) =>
      policies
        .flatMap(({ metadata, spec }) => {
          const own = metadata?.labels?.["app.kubernetes.io/component"];
          if (own === undefined) return [];
          const rules = out
            ? spec?.egress?.map((r) => ({ ...r, peers: r.to }))
            : spec?.ingress?.map((r) => ({ ...r, peers: r.from }));
          return (rules ?? []).flatMap((rule) => pairs(own, rule.peers ?? [], rule.ports ?? [], out));
        })
        .toSorted();
    expect(of_(true)).toEqual(of_(false));
    expect(of_(true)).toHaveLength(18);
  });
});

interface Case {
  readonly when: string;
  readonly spec?: Partial<TempoStackSpec>;
  readonly circumstances?: Circumstances;
  readonly from: Traffic["from"];
  readonly to: Traffic["to"];
  readonly ports: readonly (number | string)[];
  /** Ports that look close, and are shut. */
  readonly shut: readonly (number | string)[];
}

const peer = (name: string) => pod(name);
const world = inTheWorld("203.0.113.7");
const ready = { ...gateway, ...static_ };
const withJaeger = { ...static_, template: { ...gateway.template, ...jaeger } };
const rpc = [9095, 3200];
const login = {
  template: { queryFrontend: { jaegerQuery: { enabled: true, authentication: { enabled: true } } } },
};
const issuer = {
  ...gateway,
  tenants: {
    mode: "static" as const,
    authentication: [{ tenantName: "a", tenantId: "1", oidc: { issuerURL: "http://hydra.shop.svc:4444/" } }],
  },
};
const known = { more: { apiServer: { ports: [6443, 443], addresses: ["10.0.0.1", "fd00::1"] } } };
const lateIPv6: Circumstances = { settings: { ipv6Only: true } };

const cases: readonly Case[] = [
  { when: "always", from: peer("distributor"), to: peer("ingester"), ports: rpc, shut: [4317] },
  { when: "always", from: peer("querier"), to: peer("ingester"), ports: rpc, shut: [4317] },
  { when: "always", from: peer("querier"), to: peer("query-frontend"), ports: rpc, shut: [16686] },
  { when: "always", from: peer("query-frontend"), to: peer("querier"), ports: rpc, shut: [9096] },
  ...["ingester", "querier", "query-frontend", "compactor"].map((component) => ({
    when: "always (storage)",
    from: peer(component),
    to: world,
    ports: [443, 9000, 12345],
    shut: [],
  })),
  ...["ingester", "compactor"].map((component) => ({
    when: "always (storage in the cluster)",
    from: peer(component),
    to: stranger,
    ports: [9000],
    shut: [],
  })),
  { when: "always", from: peer("distributor"), to: world, ports: [], shut: [443, 4317, 9000] },
  {
    when: "without gateway",
    from: stranger,
    to: peer("distributor"),
    ports: [4317, 4318, 14268, "UDP 6831", "UDP 6832", 14250, 9411, 3200],
    shut: [7946, 6831, 3101],
  },
  { when: "without gateway", from: stranger, to: peer("query-frontend"), ports: rpc, shut: [16686, 7946] },
  {
    when: "with the Jaeger UI",
    spec: { template: jaeger },
    from: stranger,
    to: peer("query-frontend"),
    ports: [16685, 16686, 16687],
    shut: [8443, 7777],
  },
  {
    when: "with the login proxy",
    spec: login,
    from: stranger,
    to: peer("query-frontend"),
    ports: [8443],
    shut: [7777],
  },
  {
    when: "with gateway",
    spec: ready,
    from: stranger,
    to: peer("gateway"),
    ports: [8080, 8081, 8090],
    shut: [8082, 3200],
  },
  { when: "with gateway", spec: ready, from: stranger, to: peer("distributor"), ports: [], shut: [4317, 4318, 14268] },
  { when: "with gateway", spec: ready, from: stranger, to: peer("query-frontend"), ports: [], shut: [3200, 9095] },
  {
    when: "with gateway",
    spec: ready,
    from: peer("gateway"),
    to: peer("distributor"),
    ports: [4317, 4318],
    shut: [9411],
  },
  { when: "with gateway", spec: ready, from: peer("gateway"), to: peer("query-frontend"), ports: rpc, shut: [16686] },
  {
    when: "with gateway and Jaeger UI",
    spec: withJaeger,
    from: peer("gateway"),
    to: peer("query-frontend"),
    ports: [...rpc, 16686, 16687],
    shut: [16685],
  },
  {
    when: "with gateway and Jaeger UI",
    spec: withJaeger,
    from: stranger,
    to: peer("query-frontend"),
    ports: [16685, 16686, 16687],
    shut: [3200],
  },
  { when: "with gateway", spec: ready, from: peer("gateway"), to: world, ports: [6443, 443], shut: [4444, 80] },
  { when: "with gateway", spec: ready, from: peer("gateway"), to: stranger, ports: [443], shut: [6443] },
  {
    when: "when the API server is known",
    spec: ready,
    circumstances: known,
    from: peer("gateway"),
    to: inTheWorld("10.0.0.1"),
    ports: [6443, 443],
    shut: [80],
  },
  {
    when: "when the API server is known (quirk 18: one address of IPv6)",
    spec: ready,
    circumstances: known,
    from: peer("gateway"),
    to: inTheWorld("fd00::1"),
    ports: [6443],
    shut: [80],
  },
  {
    when: "when the API server is known (quirk 18: not its neighbours)",
    spec: ready,
    circumstances: known,
    from: peer("gateway"),
    to: inTheWorld("fd00::2"),
    ports: [],
    shut: [6443],
  },
  {
    when: "with an issuer on a port of its own",
    spec: issuer,
    from: peer("gateway"),
    to: { namespace: "shop", labels: { app: "hydra" } },
    ports: [443, 4444],
    shut: [4445],
  },
  ...["distributor", "ingester", "compactor", "querier", "query-frontend", "gateway", "metrics-generator"].map(
    (component) => ({
      when: "with tracing to a port of its own (quirk 17: the generator's too)",
      spec: {
        ...tracing("http://otel:5318"),
        ...static_,
        template: { ...gateway.template, ...generator("http://p:9090") },
      },
      from: peer(component),
      to: world,
      ports: [4318, 4317, 5318],
      shut: [],
    }),
  ),
  {
    when: "with tracing",
    spec: tracing("http://otel:4318"),
    from: peer("distributor"),
    to: world,
    ports: [4318, 4317],
    shut: [80],
  },
  {
    when: "with a generator",
    spec: { template: generator("http://p:9090") },
    from: peer("distributor"),
    to: peer("metrics-generator"),
    ports: rpc,
    shut: [4317],
  },
  {
    when: "with a generator",
    spec: { template: generator("http://p:9090") },
    from: peer("querier"),
    to: peer("metrics-generator"),
    ports: rpc,
    shut: [4317],
  },
  {
    when: "in a cluster of IPv6",
    circumstances: lateIPv6,
    from: peer("ingester"),
    to: inTheWorld("2001:db8::1"),
    ports: [443],
    shut: [],
  },
];

describe("networkPolicies: who reaches whom", () => {
  it.each(cases)("3.13: $when, $from to $to on $ports alone", ({ spec, circumstances, from, to, ports, shut }) => {
    const policies = of(spec, circumstances);
    for (const port of ports) expect([port, canConnect(policies, { from, to, port })]).toEqual([port, true]);
    for (const port of shut) expect([port, canConnect(policies, { from, to, port })]).toEqual([port, false]);
  });

  it("3.13: nobody reaches the ingester who has no business there", () => {
    const policies = of({ ...ready, template: { ...gateway.template, ...jaeger } });
    const all = ["distributor", "ingester", "compactor", "querier", "query-frontend", "gateway"];
    const reaches = [...all.map((name) => pod(name)), stranger, pod("querier", "other"), world].map((from) =>
      canConnect(policies, { from, to: pod("ingester"), port: 9095 }),
    );
    expect(reaches).toEqual([true, false, false, true, false, false, false, false, false]);
  });

  it("3.13: a stack of the same namespace is a stranger", () => {
    const to = pod("querier", "other");
    expect(canConnect(of(), { from: pod("distributor"), to, port: 7946 })).toBe(false);
    expect(canConnect(of(), { from: pod("gateway", "other"), to: pod("ingester"), port: 7946 })).toBe(false);
    expect(canConnect(of(), { from: pod("compactor"), to: pod("ingester"), port: 7946 })).toBe(true);
  });

  it("3.13: the generator writes to where its URLs say (quirk 17)", () => {
    const policy = named(
      of({ template: generator("https://mimir.example/api/v1/push", "http://vm:8428/w", "http://p:9090", "nonsense") }),
      "tempo-simplest-metrics-generator",
    );
    const ports = policy.spec?.egress?.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
    expect(ports).toEqual([9090, 443, 8428]);
  });
});
