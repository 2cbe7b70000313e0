import { describe, expect, test } from "vitest";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import type { TempoStackSpec } from "../api/tempo-stack.ts";
import { communitySettings, type OperatorSettings } from "../settings/operator-settings.ts";
import { monolithicReferences, stackReferences } from "./references.ts";

const storage = { secret: { name: "s3", type: "s3" } } as const;
const withoutCertificates: OperatorSettings = {
  ...communitySettings,
  gates: { ...communitySettings.gates, builtInCertManagement: false },
};

describe("stackReferences", () => {
  const of = (spec: Partial<TempoStackSpec>, settings = communitySettings) =>
    stackReferences("simplest", { storage, ...spec } as TempoStackSpec, settings);

  test("are the storage Secret where nothing else is said", () => {
    expect(of({})).toEqual({
      read: { secrets: ["s3"], configMaps: [] },
      rendered: { secrets: [] },
      credentials: "s3",
    });
  });

  test("are what the cloud credential operator fills in its mode", () => {
    const found = of({ storage: { secret: { ...storage.secret, credentialMode: "token-cco" } } as never });
    expect(found).toMatchObject({
      read: { secrets: ["s3", "simplest-managed-credentials"] },
      credentials: "simplest-managed-credentials",
    });
  });

  test("are certificates and authorities of what is encrypted, and only of that", () => {
    const tls = (enabled: boolean) => ({ enabled, caName: "ca", certName: "cert" });
    const enabled = of({ storage: { ...storage, tls: tls(true) }, template: { distributor: { tls: tls(false) } } });
    expect(enabled.read).toEqual({ secrets: ["cert", "s3"], configMaps: ["ca"] });
    expect(of({ storage: { ...storage, tls: tls(false) } }).read).toEqual({ secrets: ["s3"], configMaps: [] });
  });

  test("are what the environment is made of", () => {
    const env = [
      { name: "A", valueFrom: { secretKeyRef: { name: "a", key: "k" } } },
      { name: "B", valueFrom: { configMapKeyRef: { name: "b", key: "k" } } },
      { name: "C", value: "c" },
    ];
    const envFrom = [{ secretRef: { name: "d" } }, { configMapRef: { name: "e" } }];
    expect(of({ env, envFrom }).read).toEqual({ secrets: ["a", "d", "s3"], configMaps: ["b", "e"] });
  });

  test("are Secrets of tenants, which no pod reads", () => {
    const authentication = [{ tenantName: "t", tenantId: "1", oidc: { secret: { name: "oidc" } } }];
    expect(of({ tenants: { mode: "static", authentication } })).toMatchObject({
      read: { secrets: ["s3"] },
      rendered: { secrets: ["oidc"] },
    });
  });

  test("are the user's certificates where the operator issues none", () => {
    const { secrets, configMaps } = of({}, withoutCertificates).read;
    expect(secrets).toContain("tempo-simplest-query-frontend-mtls");
    expect(configMaps).toEqual(["tempo-simplest-ca-bundle"]);
  });

  test("are a service account that people brought", () => {
    expect(of({ serviceAccount: "mine" }).serviceAccount).toBe("mine");
  });
});

describe("monolithicReferences", () => {
  const of = (spec: TempoMonolithicSpec, settings = communitySettings) =>
    monolithicReferences("sample", spec, settings);

  test("are none for local storage, whatever else is left in the spec", () => {
    const found = of({ storage: { traces: { backend: "memory", s3: { secret: "left-over" } } } });
    expect(found.read).toEqual({ secrets: [], configMaps: [] });
  });

  test.each(["s3", "azure", "gcs"] as const)("are the Secret of %s", (backend) => {
    const found = of({ storage: { traces: { backend, [backend]: { secret: "keys" } } } });
    expect(found).toMatchObject({ read: { secrets: ["keys"] }, credentials: "keys" });
  });

  test("are the certificates of both receivers", () => {
    const otlp = {
      grpc: { enabled: true, tls: { enabled: true, certName: "g" } },
      http: { enabled: true, tls: { enabled: true, caName: "h" } },
    };
    expect(of({ ingestion: { otlp } }).read).toEqual({ secrets: ["g"], configMaps: ["h"] });
  });

  test("are the one certificate of the user where the operator issues none", () => {
    expect(of({}, withoutCertificates).read.secrets).toEqual(["tempo-sample-mtls"]);
  });
});
