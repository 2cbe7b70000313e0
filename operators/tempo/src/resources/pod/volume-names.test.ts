import type { PodSpec, StatefulSet } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { openshiftSettings } from "../../settings/operator-settings.ts";
import type { ObjectStorageParams, StorageTls } from "../../storage/params.ts";
import { minio, monolithicInput } from "../input.test-support.ts";
import { monolithicObjects } from "../monolithic/monolithic.ts";
import { type StackCircumstances, stackOf } from "../stack/rendered.test-support.ts";
import { ownVolumes, volumeName } from "./volume-names.ts";

const withTls = (tls: StorageTls): ObjectStorageParams => ({ ...(minio as typeof minio & { type: "s3" }), tls });

/** What the container `tempo` finds under each path, by kind and name of the object. */
function filesOf({ containers, volumes = [] }: PodSpec): Record<string, string> {
  const mounts = containers[0]!.volumeMounts ?? [];
  return Object.fromEntries(
    mounts.map(({ name, mountPath }) => {
      const found = volumes.filter((volume) => volume.name === name);
      const [{ configMap, secret } = {}] = found;
      const object = configMap ? `ConfigMap ${configMap.name}` : secret ? `Secret ${secret.secretName}` : "other";
      return [mountPath, found.length > 1 ? "ambiguous" : object];
    }),
  );
}

function monolithicPod(spec: Parameters<typeof monolithicInput>[0], tls: StorageTls): PodSpec {
  const objects = monolithicObjects(monolithicInput(spec, { storage: withTls(tls) }));
  const all = objects.map((one) => (isChild(one) ? one.object : one));
  return (all.find(({ kind }) => kind === "StatefulSet") as StatefulSet).spec!.template.spec!;
}

describe("volumes of the user's objects", () => {
  it.each([...ownVolumes])("3.1.10: an object named %s keeps away from the operator's own volume", (name) => {
    const stack = stackOf({}, { storage: withTls({ ca: { configMap: name, key: "ca.crt" }, certSecret: name }) });
    expect(filesOf(stack.pod("ingester"))).toMatchObject({
      "/conf": "ConfigMap tempo-simplest",
      "/var/tempo": "other",
      "/var/run/tls/storage/ca": `ConfigMap ${name}`,
      "/var/run/tls/storage/cert": `Secret ${name}`,
    });
    expect(stack.pod("ingester").volumes?.map((volume) => volume.name)).not.toContain("data");
  });

  it("3.1.10: a ConfigMap for storage and a Secret for receivers of one name are two volumes", () => {
    const receiver = (caName: string, certName: string) => ({
      enabled: true,
      tls: { enabled: true, caName, certName },
    });
    const pod = monolithicPod(
      { ingestion: { otlp: { grpc: receiver("b", "a"), http: receiver("c.d", "c-d") } } },
      { ca: { configMap: "a", key: "ca.crt" }, certSecret: "b" },
    );
    expect(filesOf(pod)).toMatchObject({
      "/var/run/tls/storage/ca": "ConfigMap a",
      "/var/run/tls/storage/cert": "Secret b",
      "/var/run/ca-receiver/grpc": "ConfigMap b",
      "/var/run/tls/receiver/grpc": "Secret a",
      "/var/run/ca-receiver/http": "ConfigMap c.d",
      "/var/run/tls/receiver/http": "Secret c-d",
    });
  });

  it("3.1.10: a Secret that two need is one volume", () => {
    const grpc = { enabled: true, tls: { enabled: true, certName: "cert" } };
    const pod = monolithicPod({ ingestion: { otlp: { grpc } } }, { certSecret: "cert" });
    expect(pod.volumes?.filter(({ secret }) => secret?.secretName === "cert")).toHaveLength(1);
  });

  it("3.1.8: a Secret named as the ConfigMap of the CA is no reason to mount it in its place", () => {
    const certSecret = "tempo-simplest-ca-bundle";
    const spec: Partial<TempoStackSpec> = { template: { queryFrontend: { jaegerQuery: { enabled: true } } } };
    const pod = stackOf(spec, { storage: withTls({ certSecret }) }).pod("query-frontend");
    for (const container of pod.containers)
      expect(filesOf({ ...pod, containers: [container] })["/var/run/ca"]).toBe(`ConfigMap ${certSecret}`);
    expect(filesOf(pod)["/var/run/tls/storage/cert"]).toBe(`Secret ${certSecret}`);
  });

  it("3.1.10: have names that fit, apart from each other, however long the objects' are", () => {
    const [a, b] = [`${"x".repeat(200)}.a`, `${"x".repeat(200)}.b`];
    expect(volumeName("my.ca")).toBe("my-ca");
    expect(volumeName("x".repeat(63))).toBe("x".repeat(63));
    expect(volumeName(a)).toMatch(/^x{54}-[0-9a-f]{8}$/);
    expect(volumeName(a)).not.toBe(volumeName(b));
  });
});

describe("volumes of the operator's own", () => {
  const everything: StackCircumstances = { settings: openshiftSettings, more: { baseDomain: "example.org" } };

  it("have names that are set apart, where pods mount objects of the user", () => {
    const spec: Partial<TempoStackSpec> = {
      replicationZones: [{ maxSkew: 1, topologyKey: "zone" }],
      template: {
        distributor: { tls: { enabled: true, certName: "cert", caName: "ca" } },
        queryFrontend: { jaegerQuery: { enabled: true } },
        metricsGenerator: { enabled: true },
      },
    };
    const pods = ["distributor", "ingester", "querier", "query-frontend", "compactor", "metrics-generator"];
    const stack = stackOf(spec, everything);
    const named = pods.flatMap((component) =>
      (stack.pod(component).volumes ?? []).filter(({ name, configMap, secret }) => {
        const object = configMap?.name ?? secret?.secretName;
        return object === undefined || volumeName(object) !== name;
      }),
    );
    expect(named.length).toBeGreaterThan(pods.length);
    for (const { name } of named) expect(ownVolumes).toContain(name);
  });
});
