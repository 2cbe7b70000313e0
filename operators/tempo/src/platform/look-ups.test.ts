import {
  CustomResourceDefinition,
  createVirtualClock,
  EndpointSlice,
  forbidden,
  type KubeObject,
  Namespace,
  type Resource,
} from "@homeostat/api";
import { createDevCluster, type DevCluster } from "@homeostat/devcluster";
import { interceptClient } from "@homeostat/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tlsProfiles } from "../settings/tls-profile.ts";
import { apiServerEndpoints } from "./api-server-endpoints.ts";
import { baseDomain } from "./base-domain.ts";
import { APIServer, DNS, IngressController } from "./kinds.ts";
import { tlsProfileOfCluster } from "./tls-profile-of-cluster.ts";

let clock: ReturnType<typeof createVirtualClock>;
let cluster: DevCluster;

beforeEach(async () => {
  clock = createVirtualClock();
  cluster = await createDevCluster({ clock, random: () => 0.5 });
});
afterEach(() => cluster.stop());

/** Makes the cluster one that serves `resource`, whatever is in its objects. */
async function serve(resource: Resource): Promise<void> {
  const { group, version, kind, plural, singular, listKind, scope } = resource;
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  await cluster.client.create(CustomResourceDefinition, {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, plural, singular, listKind },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  } as CustomResourceDefinition);
  await clock.until(
    () =>
      cluster.client.list(resource).then(
        () => true,
        () => false,
      ),
    `${plural} to be served`,
  );
}

async function has<T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> {
  await serve(resource);
  await cluster.client.create(resource, object);
}

describe("3.10 baseDomain", () => {
  it("is what the operator was told, before anything else", async () => {
    expect(await baseDomain(cluster.client, { baseDomain: "told.example.com" })).toBe("told.example.com");
  });

  it("is what the default router says, before the cluster's own", async () => {
    await cluster.client.create(Namespace, { metadata: { name: "openshift-ingress-operator" } });
    await has(DNS, { metadata: { name: "cluster" }, spec: { baseDomain: "cluster.example.com" } });
    expect(await baseDomain(cluster.client, {})).toBe("cluster.example.com");
    await has(IngressController, {
      metadata: { name: "default", namespace: "openshift-ingress-operator" },
      status: { domain: "apps.example.com" },
    });
    expect(await baseDomain(cluster.client, {})).toBe("apps.example.com");
  });

  it("is an error that says the way out, where the kinds do not even exist", async () => {
    await expect(baseDomain(cluster.client, {})).rejects.toThrow(/nobody says .* set variable OPENSHIFT_BASE_DOMAIN/);
  });
});

describe("4.8 tlsProfileOfCluster", () => {
  it("is Intermediate where the cluster has no such kind, or says nothing", async () => {
    expect(await tlsProfileOfCluster(cluster.client)).toEqual(tlsProfiles.Intermediate);
    await has(APIServer, { metadata: { name: "cluster" }, spec: {} });
    expect(await tlsProfileOfCluster(cluster.client)).toEqual(tlsProfiles.Intermediate);
  });

  it.each(["Old", "Intermediate", "Modern"] as const)("is %s where the cluster says so", async (type) => {
    await has(APIServer, { metadata: { name: "cluster" }, spec: { tlsSecurityProfile: { type } } });
    expect(await tlsProfileOfCluster(cluster.client)).toEqual(tlsProfiles[type]);
  });

  it("takes a custom profile by OpenSSL's names, without suites that Go does not have", async () => {
    const ciphers = ["ECDHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-SHA256", "TLS_AES_128_GCM_SHA256", "AES256-SHA"];
    const custom = { ciphers, minTLSVersion: "VersionTLS11" };
    await has(APIServer, { metadata: { name: "cluster" }, spec: { tlsSecurityProfile: { type: "Custom", custom } } });
    expect(await tlsProfileOfCluster(cluster.client)).toEqual({
      minVersion: "VersionTLS11",
      cipherSuites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA"],
    });
  });

  it.each<[string, object]>([
    ['spec.tlsSecurityProfile.type "Ancient" is unknown: use Modern', { type: "Ancient" }],
    ["spec.tlsSecurityProfile.custom is missing", { type: "Custom" }],
  ])("fails with: %s", async (message, tlsSecurityProfile) => {
    await has(APIServer, { metadata: { name: "cluster" }, spec: { tlsSecurityProfile } } as APIServer);
    await expect(tlsProfileOfCluster(cluster.client)).rejects.toThrow(message);
  });
});

describe("3.13 apiServerEndpoints", () => {
  const slice = (name: string, addressType: "IPv4" | "IPv6", port: number, ...addresses: string[]) =>
    ({
      metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType,
      ports: [{ name: "https", port, protocol: "TCP" }],
      endpoints: [{ addresses }],
    }) satisfies EndpointSlice;
  const clear = () =>
    cluster.client.deleteAll(EndpointSlice, {
      namespace: "default",
      labelSelector: { "kubernetes.io/service-name": "kubernetes" },
    });

  it("is what the slices of Service kubernetes say, each address once", async () => {
    await clear();
    await cluster.client.create(EndpointSlice, slice("kubernetes-4", "IPv4", 6443, "10.0.0.2", "10.0.0.1"));
    await cluster.client.create(EndpointSlice, slice("kubernetes-6", "IPv6", 6443, "fd00::1"));
    expect(await apiServerEndpoints(cluster.client)).toEqual({
      ports: [6443],
      addresses: ["10.0.0.1", "10.0.0.2", "fd00::1"],
    });
  });

  it("is not known where there are no slices, or they may not be read", async () => {
    await clear();
    const unknown = { ports: [6443], addresses: [] };
    expect(await apiServerEndpoints(cluster.client)).toEqual(unknown);
    const blind = interceptClient(cluster.client, {
      list: async () => {
        throw forbidden(EndpointSlice, "", "you may not list");
      },
    });
    expect(await apiServerEndpoints(blind)).toEqual(unknown);
  });

  it("fails where the server does, rather than to open what was closed", async () => {
    const broken = interceptClient(cluster.client, {
      list: async () => {
        throw new Error("connection reset");
      },
    });
    await expect(apiServerEndpoints(broken)).rejects.toThrow("connection reset");
  });
});
