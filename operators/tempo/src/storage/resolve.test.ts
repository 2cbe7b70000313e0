import type { ConfigMap, Secret } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { CredentialMode, StorageType } from "../api/object-storage.ts";
import type { ObjectStorageParams } from "./params.ts";
import {
  caConfigMapName,
  monolithicStorageRequest,
  resolveStorage,
  type StorageRequest,
  stackStorageRequest,
} from "./resolve.ts";

type Data = Readonly<Record<string, string>>;
type Tls = NonNullable<StorageRequest["tls"]>;

const secretOf = (data: Data): Secret => ({
  metadata: { name: "store" },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
});
const requestOf = (type: StorageType, credentialMode?: CredentialMode, tls?: Tls) =>
  stackStorageRequest({
    storage: {
      secret: { name: "store", type, ...(credentialMode ? { credentialMode } : {}) },
      ...(tls ? { tls } : {}),
    },
  });

interface Case {
  readonly type: StorageType;
  readonly mode?: CredentialMode;
  readonly tls?: Tls;
  readonly ca?: ConfigMap["data"] | "absent";
  readonly data: Data;
  readonly roleArn?: string;
}

function resolve({ type, mode, tls, ca, data, roleArn }: Case) {
  const caConfigMap = ca === "absent" ? { error: 'configmaps "ca" not found' } : { found: { data: ca ?? {} } };
  return resolveStorage(
    requestOf(type, mode, tls),
    { secret: { found: secretOf(data) }, caConfigMap },
    roleArn ? { roleArn } : {},
  );
}

const details = (given: Case) => {
  const result = resolve(given);
  return "findings" in result ? result.findings.map(({ field, detail }) => `${field}: ${detail}`) : [];
};

const s3Static = {
  bucket: "tempo",
  endpoint: "http://minio:9000",
  access_key_id: "tempo",
  access_key_secret: "secret",
};
const s3Token = { bucket: "tempo", region: "eu-west-1", role_arn: "arn:aws:iam::1:role/tempo" };
const azureStatic = { container: "tempo", account_name: "acc", account_key: "key" };
const azureToken = { container: "tempo", account_name: "acc", client_id: "c", tenant_id: "t" };
const tokenKey = JSON.stringify({
  type: "external_account",
  credential_source: { file: "/var/run/secrets/storage/serviceaccount/token" },
});
const staticKey = JSON.stringify({ type: "service_account" });
const onAws = {
  type: "s3",
  bucket: "tempo",
  endpoint: "s3.eu-west-1.amazonaws.com",
  isHttps: true,
  region: "eu-west-1",
} as const;

describe("resolveStorage", () => {
  it.each<[string, Case, ObjectStorageParams]>([
    [
      "5.1: reads static s3",
      { type: "s3", data: s3Static },
      { type: "s3", mode: "static", bucket: "tempo", endpoint: "minio:9000", isHttps: false },
    ],
    [
      "5.1: drops https from the endpoint and remembers it",
      { type: "s3", data: { ...s3Static, endpoint: "https://s3.example.com" } },
      { type: "s3", mode: "static", bucket: "tempo", endpoint: "s3.example.com", isHttps: true },
    ],
    [
      "5.2: infers token for s3 from region and role_arn",
      { type: "s3", data: s3Token },
      { ...onAws, mode: "token", roleArn: "arn:aws:iam::1:role/tempo" },
    ],
    [
      "5.1: reads s3 for the cloud credential operator",
      { type: "s3", mode: "token-cco", data: { bucket: "tempo", region: "eu-west-1" }, roleArn: "arn:role" },
      { ...onAws, mode: "token-cco" },
    ],
    [
      "5.2: does not infer where a mode is stated",
      { type: "s3", mode: "static", data: { ...s3Static, region: "eu-west-1" } },
      { type: "s3", mode: "static", bucket: "tempo", endpoint: "minio:9000", isHttps: false },
    ],
    [
      "5.1: reads static azure",
      { type: "azure", data: azureStatic },
      { type: "azure", mode: "static", container: "tempo", accountName: "acc" },
    ],
    [
      "5.2: infers token for azure from tenant_id, with the usual audience",
      { type: "azure", data: azureToken },
      {
        type: "azure",
        mode: "token",
        container: "tempo",
        accountName: "acc",
        clientId: "c",
        tenantId: "t",
        audience: "api://AzureADTokenExchange",
      },
    ],
    [
      "5.1: reads static gcs",
      { type: "gcs", data: { bucketname: "tempo", "key.json": staticKey } },
      { type: "gcs", mode: "static", bucket: "tempo" },
    ],
    [
      "5.1: lets static gcs pass without a bucket",
      { type: "gcs", data: { "key.json": staticKey } },
      { type: "gcs", mode: "static", bucket: "" },
    ],
    [
      "5.2: infers token for gcs from the type of the key file",
      { type: "gcs", data: { bucketname: "tempo", "key.json": tokenKey } },
      { type: "gcs", mode: "token", bucket: "tempo", audience: "openshift" },
    ],
    [
      "5.1: keeps a stated audience",
      { type: "gcs", data: { bucketname: "tempo", "key.json": tokenKey, audience: "mine" } },
      { type: "gcs", mode: "token", bucket: "tempo", audience: "mine" },
    ],
    [
      "4.6: finds the CA under the first known key",
      {
        type: "s3",
        data: s3Static,
        tls: { enabled: true, caName: "ca", certName: "cert", minVersion: "VersionTLS12", cipherSuites: ["A"] },
        ca: { "ca-bundle.crt": "x", "ca.crt": "y" },
      },
      {
        type: "s3",
        mode: "static",
        bucket: "tempo",
        endpoint: "minio:9000",
        isHttps: false,
        tls: {
          ca: { configMap: "ca", key: "ca.crt" },
          certSecret: "cert",
          minVersion: "VersionTLS12",
          cipherSuites: ["A"],
        },
      },
    ],
  ])("%s", (_, given, params) => {
    expect(resolve(given)).toMatchObject({ params });
  });

  const secret = "spec.storage.secret.name";
  it.each<[string, Case, readonly string[]]>([
    [
      "5.3: names every missing key of static s3",
      { type: "s3", data: { access_key_id: "" } },
      ["bucket", "endpoint", "access_key_id", "access_key_secret"].map(
        (key) => `${secret}: storage secret must contain "${key}" field`,
      ),
    ],
    [
      "5.3: names the missing keys of token s3",
      { type: "s3", data: { region: "eu" } },
      ["bucket", "role_arn"].map((key) => `${secret}: storage secret must contain "${key}" field`),
    ],
    [
      "5.3: refuses keys of both kinds",
      { type: "s3", data: { ...s3Static, ...s3Token } },
      [
        `${secret}: storage secret has fields for long lived and short lived configuration: keep only those of one kind`,
      ],
    ],
    [
      "5.3: refuses azure keys of both kinds",
      { type: "azure", data: { ...azureStatic, ...azureToken } },
      [
        `${secret}: storage secret has fields for long lived and short lived configuration: keep only those of one kind`,
      ],
    ],
    [
      "5.3: refuses an endpoint without a scheme, after the missing keys",
      { type: "s3", data: { ...s3Static, bucket: "", endpoint: "10.0.0.1:9000" } },
      [
        `${secret}: storage secret must contain "bucket" field`,
        `${secret}: storage secret "endpoint" field must be a valid URL, as in http://minio:9000`,
      ],
    ],
    [
      "5.3: refuses an endpoint with a line end, which Tempo could not connect to",
      { type: "s3", data: { ...s3Static, endpoint: "http://minio:9000\n" } },
      [
        `${secret}: storage secret "endpoint" field must be a valid URL: it has blanks or a line end, as \`echo\` adds one`,
      ],
    ],
    [
      "5.3: names the missing keys of token azure",
      { type: "azure", mode: "token", data: { container: "tempo" } },
      ["account_name", "client_id", "tenant_id"].map((key) => `${secret}: storage secret must contain "${key}" field`),
    ],
    [
      "5.3: demands the key file of gcs",
      { type: "gcs", data: { bucketname: "tempo" } },
      [`${secret}: storage secret must contain "key.json" field`],
    ],
    [
      "5.3: refuses a key file that is no JSON",
      { type: "gcs", data: { bucketname: "tempo", "key.json": "{" } },
      [`${secret}: storage secret "key.json" field cannot be parsed from JSON`],
    ],
    [
      "5.3: refuses another token file",
      { type: "gcs", data: { bucketname: "tempo", "key.json": '{"type":"external_account"}' } },
      [
        `${secret}: storage secret "key.json" field: credential_source.file must point to the token file /var/run/secrets/storage/serviceaccount/token`,
      ],
    ],
    [
      "5.3: refuses token-cco for azure",
      { type: "azure", mode: "token-cco", data: azureToken },
      ["spec.storage.secret.credentialMode: credential mode token-cco is not supported for azure: use static or token"],
    ],
    [
      "5.3: refuses token-cco without its environment",
      { type: "s3", mode: "token-cco", data: s3Token },
      ["spec.storage.secret.credentialMode: cannot configure tempo in CCO mode without CCO environment: set ROLEARN"],
    ],
    [
      "5.3: refuses custom TLS for gcs",
      { type: "gcs", data: { bucketname: "tempo", "key.json": staticKey }, tls: { enabled: true } },
      ["spec.storage.tls.enabled: custom TLS is not supported for gcs storage: leave it out"],
    ],
    [
      "5.3: refuses a CA ConfigMap without a known key",
      { type: "s3", data: s3Static, tls: { enabled: true, caName: "ca" }, ca: { "tls.crt": "x" } },
      ["spec.storage.tls.caName: CA ConfigMap must contain service-ca.crt, ca.crt or ca-bundle.crt"],
    ],
    [
      "5.3: says that the CA ConfigMap is not there",
      { type: "s3", data: s3Static, tls: { enabled: true, caName: "ca" }, ca: "absent" },
      ['spec.storage.tls.caName: could not fetch ConfigMap: configmaps "ca" not found'],
    ],
    [
      "5.3: refuses a type that slipped past the CRD",
      { type: "swift" as StorageType, data: {} },
      ["spec.storage.secret.type: swift is not an allowed storage secret type"],
    ],
  ])("%s", (_, given, expected) => {
    expect(details(given)).toEqual(expected);
  });

  it("5.3: tells an absent secret from a wrong one", () => {
    const result = resolveStorage(requestOf("s3"), { secret: { error: 'secrets "store" not found' } }, {});
    expect(result).toMatchObject({
      findings: [
        {
          isAbsence: true,
          field: secret,
          detail:
            'could not fetch storage configuration secret: secrets "store" not found; Tempo starts once the secret is available',
        },
      ],
    });
  });

  it("4.6: warns where https in the secret has no effect", () => {
    const https = { ...s3Static, endpoint: "https://s3.example.com" };
    expect(resolve({ type: "s3", data: https })).toMatchObject({ warnings: [expect.stringContaining("plain HTTP")] });
    expect(resolve({ type: "s3", data: https, tls: { enabled: true } })).toMatchObject({ warnings: [] });
    expect(resolve({ type: "s3", data: s3Static })).toMatchObject({ warnings: [] });
  });
});

describe("caConfigMapName", () => {
  it("is there only where TLS is on and names one", () => {
    expect(caConfigMapName(requestOf("s3", undefined, { enabled: true, caName: "ca" }))).toBe("ca");
    expect(caConfigMapName(requestOf("s3", undefined, { enabled: false, caName: "ca" }))).toBeUndefined();
    expect(caConfigMapName(requestOf("s3"))).toBeUndefined();
  });
});

describe("monolithicStorageRequest", () => {
  it.each(["memory", "pv"] as const)("2.5: needs no secret for %s", (backend) => {
    expect(monolithicStorageRequest({ storage: { traces: { backend } } })).toEqual({
      params: { type: backend },
      warnings: [],
    });
  });

  it.each(["s3", "azure", "gcs"] as const)("5.3: asks for the block of %s", (backend) => {
    expect(monolithicStorageRequest({ storage: { traces: { backend } } })).toMatchObject({
      findings: [{ field: `spec.storage.traces.${backend}`, detail: "please specify a storage secret" }],
    });
  });

  it("2.5: hands on what the s3 block says, with its own paths", () => {
    const s3 = { secret: "store", credentialMode: "token", tls: { enabled: true } } as const;
    expect(monolithicStorageRequest({ storage: { traces: { backend: "s3", s3 } } })).toMatchObject({
      request: {
        type: "s3",
        secretName: "store",
        mode: "token",
        tls: { enabled: true },
        fields: { secret: "spec.storage.traces.s3.secret", tls: "spec.storage.traces.s3.tls" },
      },
    });
  });
});
