import { createVirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, expectApplied, installResources } from "@homeostat/devcluster";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TempoMonolithic, TempoStack } from "../src/index.ts";

describe("an API server with the CRDs", () => {
  const clock = createVirtualClock();
  let cluster: DevCluster;

  beforeAll(async () => {
    cluster = await createDevCluster({ clock, random: () => 0.5 });
    await installResources(cluster.client, clock, [TempoStack, TempoMonolithic]);
  });
  afterAll(() => cluster.stop());

  const stackOf = (name: string, spec: object) => ({
    apiVersion: "tempo.grafana.com/v1alpha1",
    kind: "TempoStack",
    metadata: { name, namespace: "default" },
    spec: { storage: { secret: { name: "minio", type: "s3" } }, ...spec },
  });

  it("2.1: fills in what the CRD defaults, and keeps extraConfig", async () => {
    const extraConfig = { tempo: { server: { http_listen_port: 1, list: [null, { a: 1.5 }] } } };
    const [stack] = await expectApplied(
      cluster,
      stackOf("filled", {
        extraConfig,
        networkPolicy: {},
        tenants: {},
        observability: { tracing: {} },
        replicationZones: [{ topologyKey: "zone" }],
      }),
    );
    expect((stack as unknown as TempoStack).spec).toEqual({
      managementState: "Managed",
      storage: { secret: { name: "minio", type: "s3" } },
      storageSize: "10Gi",
      extraConfig,
      networkPolicy: { enabled: true },
      tenants: { mode: "static" },
      observability: { tracing: { jaeger_agent_endpoint: "localhost:6831" } },
      replicationZones: [{ topologyKey: "zone", maxSkew: 1 }],
    });
  });

  it.each([
    ["spec.storage.secret.type", { storage: { secret: { name: "minio", type: "swift" } } }],
    ["spec.storage.secret.name", { storage: { secret: { name: "", type: "s3" } } }],
    ["spec.size", { size: "2x.demo" }],
    ["spec.replicationZones[0].maxSkew", { replicationZones: [{ topologyKey: "zone", maxSkew: 0 }] }],
    ["spec.template.gateway.enabled", { template: { gateway: {} } }],
    ["spec.storageSize", { storageSize: "lots" }],
  ])("2.1: refuses a bad %s", async (field, spec) => {
    await expect(cluster.client.create(TempoStack, stackOf("bad", spec) as unknown as TempoStack)).rejects.toThrow(
      field,
    );
  });

  it("2.5: takes a TempoMonolithic that says next to nothing", async () => {
    const [monolithic] = await expectApplied(cluster, {
      apiVersion: "tempo.grafana.com/v1alpha1",
      kind: "TempoMonolithic",
      metadata: { name: "sample", namespace: "default" },
      spec: { storage: { traces: {} }, ingestion: { otlp: { grpc: {} } } },
    } as TempoMonolithic);
    expect((monolithic as TempoMonolithic).spec).toEqual({
      storage: { traces: { backend: "memory" } },
      ingestion: { otlp: { grpc: { enabled: true } } },
    });
  });
});
