import { createVirtualClock, type KubeObject } from "@homeostat/api";
import { createDevCluster, expectApplied } from "@homeostat/devcluster";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { communitySettings, openshiftSettings } from "../settings/operator-settings.ts";
import { type GenerateOptions, generate } from "./generate.ts";

type Shown = KubeObject & { readonly data: Record<string, string>; readonly stringData: Record<string, string> };

const apiVersion = "tempo.grafana.com/v1alpha1";
const inClear = {
  ...communitySettings,
  gates: { ...communitySettings.gates, httpEncryption: false, grpcEncryption: false },
};

const document = (object: object) => `---\n${JSON.stringify(object)}\n`;
const stackOf = (spec: object = {}, metadata: object = {}) =>
  document({
    apiVersion,
    kind: "TempoStack",
    metadata: { name: "simplest", ...metadata },
    spec: { storage: { secret: { name: "minio", type: "s3" } }, ...spec },
  });
const monolithicOf = (spec: object = {}, metadata: object = {}) =>
  document({ apiVersion, kind: "TempoMonolithic", metadata: { name: "single", ...metadata }, spec });
const secretOf = (name: string, stringData: object, namespace = "default") =>
  document({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData });

function run(text: string, options: Partial<GenerateOptions> = {}) {
  const { yaml, warnings } = generate({ text, settings: inClear, randomBelow: () => 0, ...options });
  const objects = parseAllDocuments(yaml).map((each) => each.toJS() as Shown);
  const find = (kind: string, name: string) => {
    const found = objects.find((object) => object.kind === kind && object.metadata?.name === name);
    if (!found)
      throw new Error(`no ${kind} ${name} among ${objects.map((each) => `${each.kind} ${each.metadata?.name}`)}`);
    return found;
  };
  return { yaml, warnings, objects, find };
}
const refusal = (text: string, options: Partial<GenerateOptions> = {}): string => {
  try {
    generate({ text, settings: inClear, randomBelow: () => 0, ...options });
  } catch (error) {
    return (error as Error).message;
  }
  return "was taken";
};

describe("7.2 generate", () => {
  it("prints what a cluster takes, for both kinds", async () => {
    const { objects } = run(
      stackOf({ template: { queryFrontend: { jaegerQuery: { enabled: true, ingress: { type: "ingress" } } } } }) +
        monolithicOf({ storage: { traces: { backend: "pv" } } }),
    );
    const cluster = await createDevCluster({ clock: createVirtualClock(), random: () => 0.5 });
    try {
      const applied = await expectApplied(cluster, ...(objects as never[]));
      expect(applied).toHaveLength(objects.length);
    } finally {
      await cluster.stop();
    }
  });

  it("is the same each time, in the order of making", () => {
    const { yaml, objects } = run(stackOf());
    expect(run(stackOf()).yaml).toBe(yaml);
    expect(objects.slice(0, 4).map(({ kind, metadata }) => `${kind} ${metadata?.name}`)).toEqual([
      "ConfigMap tempo-simplest",
      "ServiceAccount tempo-simplest",
      "Deployment tempo-simplest-distributor",
      "Service tempo-simplest-distributor",
    ]);
  });

  it("says first what an object is, and writes configuration as blocks", () => {
    const { yaml } = run(stackOf({}, { namespace: "traces" }));
    expect(yaml).toMatch(
      /^---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n {2}name: tempo-simplest\n {2}namespace: traces\n {2}labels:\n/,
    );
    expect(yaml).toContain("  tempo.yaml: |\n    compactor:\n");
    expect(yaml).not.toMatch(/[&*]a\d|: undefined|creationTimestamp|ownerReferences|^status:/m);
  });

  it("gives every object the namespace, but for those outside of namespaces", () => {
    const settings = { ...openshiftSettings, baseDomain: "example.com" };
    const { objects } = run(openshiftStack, { settings, namespace: "traces" });
    for (const { kind, metadata } of objects)
      expect([kind, metadata?.namespace]).toEqual([kind, /^ClusterRole/.test(kind!) ? undefined : "traces"]);
    expect(objects.filter(({ kind }) => /^ClusterRole/.test(kind!))).toHaveLength(2);
  });

  it("7.2: names the certificates of a TempoMonolithic that are left out", () => {
    const text = [
      "apiVersion: tempo.grafana.com/v1alpha1",
      "kind: TempoMonolithic",
      "metadata: { name: one }",
      "spec:",
      "  multitenancy:",
      "    enabled: true",
      "    mode: openshift",
      '    authentication: [{ tenantName: dev, tenantId: "1" }]',
    ].join("\n");
    const { warnings } = run(text, { settings: { ...communitySettings, baseDomain: "example.com" } });
    expect(warnings.join()).toContain("Secrets such as tempo-one-mtls;");
  });

  it("says that certificates are left out, where components want them", () => {
    const { warnings, yaml } = run(stackOf(), { settings: communitySettings });
    expect(warnings).toEqual([
      expect.stringContaining(
        "document 1, TempoStack simplest: certificates are left out: in a cluster the operator makes",
      ),
    ]);
    expect(yaml).not.toContain("kind: Secret");
    expect(run(monolithicOf(), { settings: communitySettings }).warnings).toEqual([]);
  });
});

const authentication = [{ tenantName: "dev", tenantId: "1610b0c3-c509-4592-a256-a1871353dbfa" }];
const openshiftStack = stackOf({
  tenants: { mode: "openshift", authentication },
  template: { gateway: { enabled: true } },
});

describe("7.2, quirk 25: storage without a cluster", () => {
  const storage = { s3Endpoint: "https://s3.example.com", s3Bucket: "b1", gcsBucket: "b2", azureContainer: "c3" };
  it.each([
    ["s3", undefined, ["backend: s3", "endpoint: minio.minio.svc:9000", "bucket: tempo", "insecure: true"]],
    ["gcs", undefined, ["backend: gcs", "bucket_name: tempo"]],
    ["azure", undefined, ["backend: azure", "container_name: azure"]],
    ["s3", storage, ["endpoint: s3.example.com", "bucket: b1"]],
    ["gcs", storage, ["bucket_name: b2"]],
    ["azure", storage, ["container_name: c3"]],
  ])("type %s is that of the resource, with overrides %j", (type, overrides, lines) => {
    const text = stackOf({ storage: { secret: { name: "minio", type } } });
    const { data } = run(text, overrides ? { storage: overrides } : {}).find("ConfigMap", "tempo-simplest");
    for (const line of lines) expect(data["tempo.yaml"]).toContain(line);
  });

  it("is the same for a TempoMonolithic", () => {
    const text = monolithicOf({ storage: { traces: { backend: "gcs", gcs: { secret: "store" } } } });
    expect(run(text, { storage }).find("ConfigMap", "tempo-single-config").data["tempo.yaml"]).toContain(
      "bucket_name: b2",
    );
  });

  it("is what the Secret in the input says, before all overrides", () => {
    const secret = { bucket: "mine", endpoint: "http://own:9000", access_key_id: "a", access_key_secret: "s" };
    const { data } = run(stackOf() + secretOf("minio", secret), { storage }).find("ConfigMap", "tempo-simplest");
    expect(data["tempo.yaml"]).toContain("bucket: mine");
    const elsewhere = run(stackOf() + secretOf("minio", secret, "other"), { storage });
    expect(elsewhere.find("ConfigMap", "tempo-simplest").data["tempo.yaml"]).toContain("bucket: b1");
  });

  it("is refused where the Secret in the input is of no use", () => {
    expect(refusal(stackOf() + secretOf("minio", { bucket: "mine" }))).toContain(
      'document 1, TempoStack simplest: spec.storage.secret.name: Invalid value: "minio": storage secret must contain "endpoint" field',
    );
  });

  it("needs the Secret in mode token, and says so", () => {
    const token = stackOf({ storage: { secret: { name: "minio", type: "s3", credentialMode: "token" } } });
    expect(refusal(token)).toContain(
      'spec.storage.secret.credentialMode: Invalid value: "token": mode token needs what is in Secret minio: put it into the input',
    );
    const secret = secretOf("minio", { bucket: "b", region: "eu-west-1", role_arn: "arn:aws:iam::1:role/t" });
    const account = run(token + secret).find("ServiceAccount", "tempo-simplest");
    expect(account.metadata?.annotations?.["eks.amazonaws.com/role-arn"]).toBe("arn:aws:iam::1:role/t");
  });

  it("takes the key of a CA from the input, else the first that is known", () => {
    const text = stackOf({ storage: { secret: { name: "minio", type: "s3" }, tls: { enabled: true, caName: "ca" } } });
    const { warnings, find } = run(text);
    expect(find("ConfigMap", "tempo-simplest").data["tempo.yaml"]).toContain("/var/run/tls/storage/ca/service-ca.crt");
    expect(warnings).toEqual([
      "document 1, TempoStack simplest: spec.storage.tls.caName: ConfigMap ca is not in the input: it is taken to have key service-ca.crt",
    ]);
    const ca = document({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ca" }, data: { "ca.crt": "x" } });
    const given = run(text + ca);
    expect(given.warnings).toEqual([]);
    expect(given.find("ConfigMap", "tempo-simplest").data["tempo.yaml"]).toContain("/var/run/tls/storage/ca/ca.crt");
  });
});

describe("7.2 generate with a gateway", () => {
  const staticStack = stackOf({
    tenants: {
      mode: "static",
      authentication: [{ ...authentication[0], oidc: { secret: { name: "oidc" }, issuerURL: "https://idp" } }],
      authorization: { roles: [], roleBindings: [] },
    },
    template: { gateway: { enabled: true } },
  });
  const tenantsYaml = ({ find }: ReturnType<typeof run>) => {
    const { data, stringData } = find("Secret", "tempo-simplest-gateway");
    return stringData?.["tenants.yaml"] ?? Buffer.from(data["tenants.yaml"]!, "base64").toString();
  };

  it("reads OIDC Secrets of the input, and warns of those that are not there", () => {
    const without = run(staticStack);
    expect(tenantsYaml(without)).not.toContain("clientID");
    expect(without.warnings.join()).toContain(
      "tenants.yaml has no clientID for tenant dev: put Secret oidc into the input, as a document of its own",
    );
    const withSecret = run(staticStack + secretOf("oidc", { clientID: "tempo" }));
    expect(tenantsYaml(withSecret)).toContain("clientID: tempo");
    expect(withSecret.warnings.join()).not.toContain("clientID");
  });

  it("keeps cookie secrets of a gateway whose Secret is in the input", () => {
    const settings = { ...openshiftSettings, baseDomain: "example.com" };
    const first = run(openshiftStack, { settings, randomBelow: (limit) => limit - 1 });
    expect(tenantsYaml(first)).toContain(`cookieSecret: "${"9".repeat(32)}"`);
    const again = run(openshiftStack + secretOf("tempo-simplest-gateway", { "tenants.yaml": tenantsYaml(first) }), {
      settings,
    });
    expect(tenantsYaml(again)).toBe(tenantsYaml(first));
  });

  it("needs to be told the base domain in mode openshift", () => {
    expect(refusal(openshiftStack, { settings: openshiftSettings })).toBe(
      "document 1, TempoStack simplest: mode openshift needs the base domain of Routes: set variable OPENSHIFT_BASE_DOMAIN",
    );
  });
});

describe("7.2 input", () => {
  it("may hold lists, comments, live objects, and objects of others", () => {
    const live = JSON.parse(
      stackOf({}, { namespace: "traces", uid: "1", creationTimestamp: "2026-01-01T00:00:00Z" }).slice(4),
    );
    const list = { apiVersion: "v1", kind: "List", items: [{ ...live, status: { tempoVersion: "2" } }] };
    const service = document({ apiVersion: "v1", kind: "Service", metadata: { name: "minio" } });
    const { objects, warnings } = run(`# only a comment\n${document(list)}${service}---\n`);
    expect(objects[0]?.metadata?.namespace).toBe("traces");
    expect(warnings).toEqual([
      "document 2, Service minio: is left out: objects are made of TempoStack and TempoMonolithic",
    ]);
  });

  it.each([
    ["", "input: holds neither a TempoStack nor a TempoMonolithic"],
    ["a: [", "document 1: "],
    [`${stackOf()}---\n- a\n`, "document 2: must be an object with apiVersion, kind, metadata and spec"],
    [stackOf({ size: "2x.demo" }), "document 1, TempoStack simplest: spec.size: Unsupported value"],
    [
      stackOf({ colour: "red" }),
      "document 1, TempoStack simplest: spec.colour: there is no such field in a TempoStack: leave it out",
    ],
    [stackOf({ template: { ingester: { replica: 1 } } }), "spec.template.ingester.replica: there is no such field"],
    [stackOf({ storage: {} }), "spec.storage.secret: Required value"],
    [stackOf({}, { name: "" }), "metadata.name: Required value"],
    [stackOf({ timeout: "soon" }), "document 1, TempoStack simplest: spec.timeout: "],
    [stackOf({}, { name: "n".repeat(64) }), "metadata.name: "],
    [stackOf().replace("v1alpha1", "v1"), "document 1, TempoStack simplest: "],
    [
      stackOf() + monolithicOf({}, { name: "simplest" }),
      "document 2, TempoMonolithic simplest: metadata.name: is that of document 1, TempoStack simplest, too",
    ],
    [
      monolithicOf({ storage: { traces: { backend: "s3" } } }),
      "document 1, TempoMonolithic single: spec.storage.traces.s3: ",
    ],
    [monolithicOf({ resources: { limits: { cpu: "lots" } } }), "spec.resources.limits"],
  ])("is refused with document and field: %#", (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it("is refused with everything that is wrong, line by line", () => {
    const text = stackOf({ size: "huge", timeout: "soon" }) + monolithicOf({ colour: "red" });
    expect(
      refusal(text)
        .split("\n")
        .map((line) => line.split(":").slice(0, 2).join(":")),
    ).toEqual(["document 1, TempoStack simplest: spec.size", "document 2, TempoMonolithic single: spec.colour"]);
  });

  it("keeps nulls of extraConfig, which unset what Tempo is told", () => {
    const text = stackOf({ extraConfig: { tempo: { usage_report: null, a: { b: 1 } } } });
    const { find } = run(text);
    expect(find("ConfigMap", "tempo-simplest").data["tempo.yaml"]).toContain("usage_report: null");
  });
});
