import { ConfigMap, Secret, Service, StatefulSet } from "@homeostat/api";
import { expectApplied, expectCondition, expectExists, expectGone } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { TempoMonolithic, type TempoMonolithicSpec } from "../src/api/tempo-monolithic.ts";
import { key, minio, startWorld, type TempoWorld } from "./world.test-support.ts";

const name = key("sample");

async function start(spec: TempoMonolithicSpec = {}, ...given: Parameters<typeof startWorld>): Promise<TempoWorld> {
  const world = await startWorld(...given);
  await apply(world, spec);
  return world;
}

const apply = ({ cluster }: TempoWorld, spec: TempoMonolithicSpec, metadata: object = {}) =>
  expectApplied(cluster, TempoMonolithic.object({ metadata: { ...name, ...metadata }, spec }));
const ready = ({ cluster }: TempoWorld) => expectCondition(cluster, TempoMonolithic, name, "Ready", "True");
const statusOf = async ({ cluster }: TempoWorld) => (await cluster.client.get(TempoMonolithic, name)).status;
const conditionsOf = async (world: TempoWorld) =>
  Object.fromEntries(((await statusOf(world))?.conditions ?? []).map((each) => [each.type, each]));

describe("a TempoMonolithic", () => {
  test("becomes Ready with nothing said but its name, and then rests", async () => {
    const world = await start();
    await ready(world);
    const { cluster } = world;
    await expectExists(cluster, StatefulSet, key("tempo-sample"));
    await expectExists(cluster, ConfigMap, key("tempo-sample-config"));
    await expectExists(cluster, Service, key("tempo-sample"));
    await world.settle();
    const count = world.reconciles("sample");
    expect(count).toBeLessThanOrEqual(10);
    await world.settle(30 * 60_000);
    expect(world.reconciles("sample")).toBe(count);
    expect(await statusOf(world)).toMatchObject({
      components: { tempo: { Ready: ["tempo-sample-0"] } },
      componentImages: { tempo: "docker.io/grafana/tempo:2.10.8" },
    });
  });

  test("has all four conditions at all times", async () => {
    const world = await start({}, {}, { speed: "manual" });
    await expectExists(world.cluster, StatefulSet, key("tempo-sample"));
    await world.settle();
    expect(await conditionsOf(world)).toMatchObject({
      Pending: { status: "True", reason: "PendingComponents" },
      ConfigurationError: { status: "False" },
      Failed: { status: "False" },
      Ready: { status: "False", reason: "PendingComponents" },
    });
    expect((await statusOf(world))?.components?.tempo).toEqual({ Pending: ["tempo-sample", "tempo-sample-0"] });
  });

  test("follows its storage Secret", async () => {
    const world = await start({ storage: { traces: { backend: "s3", s3: { secret: "minio" } } } });
    await expectCondition(world.cluster, TempoMonolithic, name, "ConfigurationError", "True");
    expect((await conditionsOf(world))["ConfigurationError"]).toMatchObject({ reason: "InvalidStorageConfig" });
    await world.secret("minio", minio);
    await ready(world);
    await world.secret("minio", { ...minio, bucket: "tempo2" });
    await world.settle();
    const { data } = await world.cluster.client.get(ConfigMap, key("tempo-sample-config"));
    expect(data?.["tempo.yaml"]).toContain("bucket: tempo2\n");
  });

  test("is left alone while it is Unmanaged, or its annotation says so", async () => {
    const world = await start();
    await ready(world);
    for (const [spec, annotations] of [
      [{ management: "Unmanaged" }, {}],
      [{}, { "tempo.grafana.com/reconcile": "false" }],
    ] as const) {
      await apply(world, spec, { annotations });
      await world.settle();
      await world.cluster.client.delete(Service, key("tempo-sample"));
      await world.settle();
      await expectGone(world.cluster, Service, key("tempo-sample"));
      await apply(world, {});
      await expectExists(world.cluster, Service, key("tempo-sample"));
    }
  });

  test("serves the gateway with certificates of its own, and prunes it when it goes", async () => {
    const oidc = { secret: { name: "oidc" }, issuerURL: "https://issuer.example.com", redirectURL: "https://x/cb" };
    const multitenancy = {
      enabled: true,
      mode: "static",
      authentication: [{ tenantName: "a", tenantId: "1", oidc }],
      authorization: { roles: [], roleBindings: [] },
    } as const;
    const world = await start({ multitenancy });
    await expectCondition(world.cluster, TempoMonolithic, name, "ConfigurationError", "True");
    expect((await conditionsOf(world))["ConfigurationError"]).toMatchObject({
      reason: "ReasonMissingGatewayTenantSecret",
      message: 'Missing secrets for tenant a: secrets "oidc" not found',
    });
    await world.secret("oidc", { clientID: "tempo", clientSecret: "s3cret" });
    await ready(world);
    await expectExists(world.cluster, Service, key("tempo-sample-gateway"));
    const tenants = async () => {
      const { data } = await world.cluster.client.get(Secret, key("tempo-sample-gateway"));
      return Buffer.from(data!["tenants.yaml"]!, "base64").toString();
    };
    expect(await tenants()).toContain("clientID: tempo");
    await world.secret("oidc", { clientID: "tempo2", clientSecret: "s3cret" });
    await world.settle();
    expect(await tenants()).toContain("clientID: tempo2");
    await apply(world, {});
    await expectGone(world.cluster, Service, key("tempo-sample-gateway"));
    await expectGone(world.cluster, Secret, key("tempo-sample-gateway"));
    await ready(world);
  });

  test("does not get along with a TempoStack of its name", async () => {
    const world = await startWorld();
    await world.secret("minio", minio);
    await world.stack();
    await world.settle();
    await expectApplied(world.cluster, TempoMonolithic.object({ metadata: key("simplest"), spec: {} }));
    await expectCondition(world.cluster, TempoMonolithic, key("simplest"), "ConfigurationError", "True");
  });
});
