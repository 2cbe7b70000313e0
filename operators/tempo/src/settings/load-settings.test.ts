import { describe, expect, it } from "vitest";
import { readCommandLine, usage } from "./command-line.ts";
import { defaultImages } from "./images.ts";
import { type LoadedSettings, loadSettings, type SettingsSources } from "./load-settings.ts";
import { communitySettings, openshiftSettings } from "./operator-settings.ts";
import { tlsProfiles } from "./tls-profile.ts";

const load = (sources: Partial<SettingsSources>) => loadSettings({ env: {}, ...sources });
const hourMs = 3_600_000;

describe("7.1 without a word", () => {
  it("is the community's packaging, in all namespaces", () => {
    expect(load({})).toEqual({
      settings: communitySettings,
      program: {
        watchNamespaces: [],
        controllers: {},
        leaderElection: {
          enabled: true,
          id: "8b886b0f.grafana.com",
          leaseDurationMs: 15_000,
          renewDeadlineMs: 10_000,
          retryPeriodMs: 2_000,
        },
        metrics: { bindAddress: ":8443", secure: true },
        healthBindAddress: ":8081",
        webhooks: { enabled: true, port: 9443 },
        logLevel: "info",
        logFormat: "json",
      },
      warnings: [],
    });
  });

  it("takes variables that are empty for variables that are not set", () => {
    const env = Object.fromEntries(
      ["TLS_PROFILE", "WATCH_NAMESPACE", "RELATED_IMAGE_TEMPO", "FEATURE_GATES", "HTTP_PROXY"].map((name) => [
        name,
        "",
      ]),
    );
    expect(load({ env })).toEqual(load({}));
  });
});

type Read = (loaded: LoadedSettings) => unknown;

describe("7.1 environment", () => {
  it.each<[string, string, Read, unknown]>([
    ["LEADER_ELECTION_ENABLED", "false", ({ program }) => program.leaderElection.enabled, false],
    ["LEADER_ELECTION_RESOURCE_NAME", "tempo", ({ program }) => program.leaderElection.id, "tempo"],
    ["LEADER_ELECTION_RESOURCE_LOCK", "leases", ({ warnings }) => warnings, []],
    ["LEADER_ELECTION_RESOURCE_NAMESPACE", "ops", ({ program }) => program.leaderElection.namespace, "ops"],
    ["LEADER_ELECTION_LEASE_DURATION", "1m", ({ program }) => program.leaderElection.leaseDurationMs, 60_000],
    ["LEADER_ELECTION_RENEW_DEADLINE", "12s", ({ program }) => program.leaderElection.renewDeadlineMs, 12_000],
    ["LEADER_ELECTION_RETRY_PERIOD", "500ms", ({ program }) => program.leaderElection.retryPeriodMs, 500],
    ["METRICS_BIND_ADDRESS", "127.0.0.1:9090", ({ program }) => program.metrics.bindAddress, "127.0.0.1:9090"],
    ["METRICS_BIND_ADDRESS", "0", ({ program }) => program.metrics.bindAddress, "0"],
    ["METRICS_SECURE", "false", ({ program }) => program.metrics, { bindAddress: ":8080", secure: false }],
    ["HEALTH_PROBE_BIND_ADDRESS", "[::]:9000", ({ program }) => program.healthBindAddress, "[::]:9000"],
    ["WEBHOOK_PORT", "9444", ({ program }) => program.webhooks.port, 9444],
    ["ENABLE_WEBHOOKS", "false", ({ program }) => program.webhooks.enabled, false],
    ["DISTRIBUTION", "openshift", ({ settings }) => settings, openshiftSettings],
    ["TLS_PROFILE", "Intermediate", ({ settings }) => settings.tlsProfile, tlsProfiles.Intermediate],
    ["TLS_PROFILE", "Old", ({ settings }) => settings.tlsProfile.minVersion, "VersionTLS10"],
    ["OPENSHIFT_BASE_DOMAIN", "apps.example.com", ({ settings }) => settings.baseDomain, "apps.example.com"],
    ["DEFAULT_POD_SECURITY_CONTEXT", "{}", ({ settings }) => settings.defaultPodSecurityContext, {}],
    [
      "DEFAULT_POD_SECURITY_CONTEXT",
      '{"runAsUser":1,"seccompProfile":{"type":"RuntimeDefault"}}',
      ({ settings }) => settings.defaultPodSecurityContext,
      { runAsUser: 1, seccompProfile: { type: "RuntimeDefault" } },
    ],
    [
      "BUILT_IN_CERT_MANAGEMENT_CA_VALIDITY",
      "50000h",
      ({ settings }) => settings.certificates.caValidity,
      50_000 * hourMs,
    ],
    ["BUILT_IN_CERT_MANAGEMENT_CA_REFRESH", "10m", ({ settings }) => settings.certificates.caRefresh, 600_000],
    [
      "BUILT_IN_CERT_MANAGEMENT_CERT_VALIDITY",
      "3000h",
      ({ settings }) => settings.certificates.certValidity,
      3_000 * hourMs,
    ],
    ["BUILT_IN_CERT_MANAGEMENT_CERT_REFRESH", "1h", ({ settings }) => settings.certificates.certRefresh, hourMs],
    ["ROLEARN", "arn:aws:iam::1:role/t", ({ settings }) => settings.roleArn, "arn:aws:iam::1:role/t"],
    [
      "RELATED_IMAGE_TEMPO",
      "reg:5000/a/tempo:2",
      ({ settings }) => settings.images,
      { ...defaultImages, tempo: "reg:5000/a/tempo:2" },
    ],
    [
      "RELATED_IMAGE_TEMPO_QUERY",
      `quay.io/q@sha256:${"a".repeat(64)}`,
      ({ settings }) => settings.images.tempoQuery,
      `quay.io/q@sha256:${"a".repeat(64)}`,
    ],
    ["RELATED_IMAGE_JAEGER_QUERY", "jaeger", ({ settings }) => settings.images.jaegerQuery, "jaeger"],
    [
      "RELATED_IMAGE_TEMPO_GATEWAY",
      "g/api:main-2026",
      ({ settings }) => settings.images.tempoGateway,
      "g/api:main-2026",
    ],
    ["RELATED_IMAGE_TEMPO_GATEWAY_OPA", "g/opa", ({ settings }) => settings.images.tempoGatewayOpa, "g/opa"],
    ["RELATED_IMAGE_OAUTH_PROXY", "Any Thing", ({ settings }) => settings.images.oauthProxy, "Any Thing"],
    ["WATCH_NAMESPACE", "a, b,a,", ({ program }) => program.watchNamespaces, ["a", "b"]],
    ["MAX_CONCURRENT_RECONCILES", "5", ({ program }) => program.controllers, { concurrency: 5 }],
    ["RECONCILE_TIMEOUT", "300s", ({ program }) => program.controllers, { timeoutMs: 300_000 }],
    [
      "FEATURE_GATES",
      "openshift.route, -httpEncryption,grafanaOperator",
      ({ settings }) => settings.gates,
      { ...communitySettings.gates, "openshift.route": true, httpEncryption: false, grafanaOperator: true },
    ],
    [
      "no_proxy",
      "10.0.0.0/8",
      ({ settings }) => settings.proxy,
      [
        { name: "NO_PROXY", value: "10.0.0.0/8" },
        { name: "no_proxy", value: "10.0.0.0/8" },
      ],
    ],
    [
      "HTTPS_PROXY",
      "http://p",
      ({ settings }) => settings.proxy.map(({ name }) => name),
      ["HTTPS_PROXY", "https_proxy"],
    ],
  ])("%s=%s", (name, value, read, wanted) => {
    const loaded = load({ env: { [name]: value } });
    expect(read(loaded)).toEqual(wanted);
    expect(loaded.warnings.filter((warning) => warning.includes(name))).toEqual([]);
  });

  it("gives OpenShift's packaging the same from its own variables as from the distribution alone", () => {
    const gates = [
      ...["route", "servingCertsService", "oauthProxy", "noAuthWarning", "clusterTLSPolicy"].map(
        (gate) => `openshift.${gate}`,
      ),
      "prometheusOperator",
      "observability.metrics.createServiceMonitors",
      "observability.metrics.createPrometheusRules",
    ];
    const env = { DISTRIBUTION: "openshift", DEFAULT_POD_SECURITY_CONTEXT: "{}", FEATURE_GATES: gates.join(",") };
    expect(load({ env }).settings).toEqual(openshiftSettings);
  });

  it.each<[string, string, string]>([
    [
      "LEADER_ELECTION_ENABLED",
      "maybe",
      'variable LEADER_ELECTION_ENABLED: "maybe" must be true or false; it is ignored',
    ],
    ["LEADER_ELECTION_RESOURCE_LOCK", "configmaps", '"configmaps" must be leases'],
    ["LEADER_ELECTION_LEASE_DURATION", "15", '"15" must be a duration such as 1h30m or 15s'],
    ["BUILT_IN_CERT_MANAGEMENT_CA_REFRESH", "0s", '"0s" must be longer than nothing'],
    ["BUILT_IN_CERT_MANAGEMENT_CERT_REFRESH", "-5h", '"-5h" must be longer than nothing'],
    ["METRICS_BIND_ADDRESS", "8443", '"8443" must be host:port or :port, or 0 for nowhere'],
    ["HEALTH_PROBE_BIND_ADDRESS", ":99999", "must be host:port"],
    ["WEBHOOK_PORT", "0", '"0" must be a number from 1 to 65535'],
    ["DISTRIBUTION", "k3s", '"k3s" must be community or openshift'],
    ["DEFAULT_POD_SECURITY_CONTEXT", "fsGroup: 1", "must be JSON"],
    ["DEFAULT_POD_SECURITY_CONTEXT", '{"fsgroup":1}', "has no field fsgroup"],
    ["DEFAULT_POD_SECURITY_CONTEXT", '{"seccompProfile":{"type":"a","b":1}}', "has no field seccompProfile.b"],
    ["DEFAULT_POD_SECURITY_CONTEXT", '{"fsGroup":"1"}', "must be a pod's security context; fsGroup: "],
    ["MAX_CONCURRENT_RECONCILES", "1.5", "must be a number from 1 to 1000"],
    ["RECONCILE_TIMEOUT", "soon", "must be a duration"],
    ["WATCH_NAMESPACE", "a,B", 'must be names of namespaces, separated by commas; "B" is none'],
    ["FEATURE_GATES", "-turbo", 'variable FEATURE_GATES: there is no gate "turbo"; it is ignored'],
    ["FEATURE_GATES", "constructor", 'there is no gate "constructor"'],
  ])("warns of %s=%s, and goes on without", (name, value, warning) => {
    const { settings, program, warnings } = load({ env: { [name]: value } });
    expect(warnings).toEqual([expect.stringContaining(warning)]);
    expect({ settings, program }).toEqual({ settings: load({}).settings, program: load({}).program });
  });

  it.each<[string, string, string]>([
    ["TLS_PROFILE", "Ancient", 'variable TLS_PROFILE: "Ancient" must be Old or Intermediate or Modern'],
    ["TLS_PROFILE", "modern", 'variable TLS_PROFILE: "modern"'],
    ["RELATED_IMAGE_TEMPO", "Tempo:2", 'variable RELATED_IMAGE_TEMPO: "Tempo:2" must name an image, such as'],
    ["RELATED_IMAGE_TEMPO_GATEWAY_OPA", "a b", "variable RELATED_IMAGE_TEMPO_GATEWAY_OPA"],
    ["LEADER_ELECTION_LEASE_DURATION", "5s", "leader election: the lease (5000 ms) must be longer than the deadline"],
  ])("does not start with %s=%s", (name, value, message) => {
    expect(() => load({ env: { [name]: value } })).toThrow(message);
  });

  it("asks nothing of a lease that nobody takes", () => {
    const env = { LEADER_ELECTION_ENABLED: "false", LEADER_ELECTION_LEASE_DURATION: "5s" };
    expect(load({ env }).program.leaderElection).toMatchObject({ enabled: false, leaseDurationMs: 5_000 });
  });

  it("warns of refreshes that come after the end", () => {
    expect(load({ env: { BUILT_IN_CERT_MANAGEMENT_CERT_REFRESH: "2161h" } }).warnings).toEqual([
      "certificates of components are renewed at 80 % of their validity, as their refresh comes later than their end",
    ]);
  });
});

const projectConfig = `apiVersion: config.tempo.grafana.com/v1alpha1
kind: ProjectConfig
health: { healthProbeBindAddress: ":9081" }
metrics: { bindAddress: ":9443", secure: true }
webhook: { port: 9444 }
leaderElection: { leaderElect: false, resourceName: mine, leaseDuration: 30s }
distribution: community
featureGates:
  openshift:
    openshiftRoute: true
    servingCertsService: true
    oAuthProxy: { defaultEnabled: true }
    ClusterTLSPolicy: true
    NoAuthWarning: true
    baseDomain: apps.example.com
  builtInCertManagement: { enabled: false, caValidity: 43831h, caRefresh: 1h, certValidity: 2h, certRefresh: 1h }
  httpEncryption: false
  grpcEncryption: false
  networkPolicies: false
  tlsProfile: Intermediate
  prometheusOperator: true
  grafanaOperator: true
  observability: { metrics: { createServiceMonitors: true, createPrometheusRules: true } }
  defaultPodSecurityContext: { fsGroup: 7 }
`;

describe("7.1 configuration file", () => {
  it("sets everything that a ProjectConfig can say", () => {
    const { settings, program, warnings } = load({ file: projectConfig });
    expect(warnings).toEqual([]);
    expect(settings).toEqual({
      ...communitySettings,
      gates: Object.fromEntries(Object.entries(communitySettings.gates).map(([gate, isOpen]) => [gate, !isOpen])),
      tlsProfile: tlsProfiles.Intermediate,
      defaultPodSecurityContext: { fsGroup: 7 },
      certificates: { caValidity: 43_831 * hourMs, caRefresh: hourMs, certValidity: 2 * hourMs, certRefresh: hourMs },
      baseDomain: "apps.example.com",
    });
    expect(program).toEqual({
      ...load({}).program,
      leaderElection: { ...load({}).program.leaderElection, enabled: false, id: "mine", leaseDurationMs: 30_000 },
      metrics: { bindAddress: ":9443", secure: true },
      healthBindAddress: ":9081",
      webhooks: { enabled: true, port: 9444 },
    });
  });

  it("yields to variables, and those to flags", () => {
    const file = "watchNamespace: a\nmetrics: { secure: false }\n";
    const env = { WATCH_NAMESPACE: "b", METRICS_SECURE: "true" };
    expect(load({ file }).program).toMatchObject({ watchNamespaces: ["a"], metrics: { bindAddress: ":8080" } });
    expect(load({ file, env }).program).toMatchObject({ watchNamespaces: ["b"], metrics: { bindAddress: ":8443" } });
    expect(load({ file, env, argv: ["--watch-namespace=c"] }).program.watchNamespaces).toEqual(["c"]);
  });

  it("is taken in the form of the user documents, under spec", () => {
    const file = `spec:
  watchNamespace: tempo-system  # Limit watch scope
  leaderElection:
    enabled: true
  resources:
    limits:
      memory: 512Mi
`;
    const { program, warnings } = load({ file, env: { LEADER_ELECTION_ENABLED: "" } });
    expect(program).toMatchObject({ watchNamespaces: ["tempo-system"], leaderElection: { enabled: true } });
    expect(warnings).toEqual([
      "key resources of the configuration file has no effect: set resources of containers in the operator's Deployment",
    ]);
  });

  it("may be empty", () => {
    expect(load({ file: "" })).toEqual(load({}));
    expect(load({ file: "featureGates:\n" })).toEqual(load({}));
  });

  it("warns of keys that there are not", () => {
    expect(load({ file: "metrics: { colour: red }\nimages: { tempo: x }\n" }).warnings).toEqual([
      "key metrics.colour of the configuration file has no effect: there is no such setting",
      "key images of the configuration file has no effect: there is no such setting",
    ]);
  });

  it.each([
    ["a: [", "configuration file: "],
    ["- a", "configuration file: must be a map of settings"],
    ["kind: TempoStack\napiVersion: tempo.grafana.com/v1alpha1", "is a TempoStack of tempo.grafana.com/v1alpha1"],
    [
      "featureGates: { tlsProfile: Ancient }",
      'key featureGates.tlsProfile of the configuration file: "Ancient" must be',
    ],
    [
      "featureGates: { httpEncryption: perhaps }",
      'key featureGates.httpEncryption of the configuration file: "perhaps" must be true or false',
    ],
    ["webhook: { port: high }", "key webhook.port"],
  ])("stops the start with %j", (file, message) => {
    expect(() => load({ file })).toThrow(message);
  });
});

describe("7.2 command line", () => {
  it.each<[string, string, Record<string, string>]>([
    ["", "start", {}],
    ["--config c.yaml --zap-log-level=info start", "start", { config: "c.yaml", "zap-log-level": "info" }],
    ["start --zap-devel --pprof-addr :6060", "start", { "zap-devel": "true", "pprof-addr": ":6060" }],
    ["generate --cr a.yaml --storage.s3.bucket b", "generate", { cr: "a.yaml", "storage.s3.bucket": "b" }],
    ["version", "version", {}],
    ["generate -h", "help", { help: "true" }],
    ["help", "help", {}],
  ])("%j is command %s", (line, command, flags) => {
    const read = readCommandLine(line.split(" ").filter(Boolean));
    expect([read.command, { ...read.flags }]).toEqual([command, flags]);
  });

  it.each([
    ["stop", '"stop" is no command: there are start, generate and version'],
    ["start now", '"start now" is no command'],
    ["--colour red", "command line: Unknown option '--colour'"],
    ["start --cr a", "flag --cr is none of command start"],
    ["generate --pprof-addr :1", "flag --pprof-addr is none of command generate"],
    ["--config", "command line: "],
  ])("refuses %j", (line, message) => {
    expect(() => readCommandLine(line.split(" "))).toThrow(message);
  });

  it.each<[string, Partial<LoadedSettings["program"]>]>([
    ["--zap-log-level=3", { logLevel: "debug", logFormat: "json" }],
    ["--zap-devel", { logLevel: "debug", logFormat: "text" }],
    ["--zap-devel --zap-log-level=error --zap-encoder=json", { logLevel: "error", logFormat: "json" }],
    ["--pprof-addr :6060", { profilingAddress: ":6060" }],
    ["--kubeconfig k", { kubeconfig: "k" }],
    [
      "--metrics-tls-cert-dir /certs --metrics-tls-private-key-file k.pem",
      {
        metrics: {
          bindAddress: ":8443",
          secure: true,
          certificate: { directory: "/certs", certificate: "tls.crt", key: "k.pem" },
        },
      },
    ],
  ])("%s", (line, program) => {
    expect(load({ argv: line.split(" ") }).program).toMatchObject(program);
  });

  it.each([
    ["--zap-log-level=loud", 'flag --zap-log-level: "loud" must be'],
    ["--zap-encoder=xml", 'flag --zap-encoder: "xml" must be'],
    ["--watch-namespace=A", 'flag --watch-namespace: "A" must be names of namespaces'],
    ["--pprof-addr=6060", 'flag --pprof-addr: "6060" must be host:port'],
  ])("refuses %s", (line, message) => {
    expect(() => load({ argv: [line] })).toThrow(message);
  });

  it("has a help that names every flag", () => {
    expect(usage("manager")).toContain("  --storage.azure.container NAME");
    expect(usage("manager")).toContain("manager generate [flags]");
  });
});

describe("TLS profile Old", () => {
  it("is that of OpenShift without the suites that Go does not have", () => {
    expect(tlsProfiles.Old.cipherSuites).toHaveLength(21);
    expect(tlsProfiles.Old.cipherSuites.slice(0, 9)).toEqual(tlsProfiles.Intermediate.cipherSuites);
    expect(tlsProfiles.Old.cipherSuites.at(-1)).toBe("TLS_RSA_WITH_3DES_EDE_CBC_SHA");
  });
});
