import { CustomResourceDefinition, createVirtualClock, Secret } from "@homeostat/api";
import { createDevCluster, eventually, expectApplied } from "@homeostat/devcluster";
import { operatorManifests } from "@homeostat/runtime";
import { expect, onTestFinished, test } from "vitest";
import { Backup, deployed, OldBackup, operator, versions, webhookServer } from "./operator.ts";

const key = { namespace: "default", name: "nightly" };
const now = Backup.object({ metadata: key, spec: { everyHours: 48, keep: 30 } });
const old = OldBackup.object({ metadata: key, spec: { interval: "2d" } });

/** The operator, deployed by its manifests and run as their service account; the API server calls it over TLS. */
async function setUp() {
  // Certificates are checked by the machine's time, so virtual time begins now.
  const clock = createVirtualClock(Date.now());
  let port = 0;
  const cluster = await createDevCluster({ clock, resolveService: () => ({ host: "127.0.0.1", port }) });
  onTestFinished(() => cluster.stop());
  await expectApplied(cluster, ...Object.values(operatorManifests(deployed, { image: "backups:dev" })).flat());
  const at = { namespace: operator.name, name: operator.name };
  const identity = {
    username: `system:serviceaccount:${at.namespace}:${at.name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${at.namespace}`, "system:authenticated"],
  };
  const manager = await cluster.run(operator, { identity });
  const server = webhookServer(manager.unfencedClient, { address: "127.0.0.1:0", clock });
  manager.add(server);
  await server.ready();
  port = Number(server.address!.split(":")[1]);

  await eventually(cluster, async () => {
    const { data } = await cluster.client.get(Secret, at);
    const { spec } = await cluster.client.get(CustomResourceDefinition, { name: "backups.example.com" });
    expect(spec.conversion?.webhook?.clientConfig?.caBundle).toBe(data!["ca.crt"]);
  });
  return { client: cluster.client };
}

test("hands out an object in the version that is asked for, whichever it was written in", async () => {
  const { client } = await setUp();
  await client.create(OldBackup, old);
  const read = await client.get(Backup, key);
  expect(read.spec).toEqual({ everyHours: 48, keep: 7 });
  await client.patchMerge(Backup, key, { spec: { everyHours: 36, keep: 30 } });
  const asOld = await client.get(OldBackup, key);
  expect(asOld.spec).toEqual({ interval: "36h" });
  await client.update(OldBackup, { ...asOld, spec: { interval: "1d" } });
  expect((await client.get(Backup, key)).spec).toEqual({ everyHours: 24, keep: 30 });
});

test("loses nothing on the way to the other version and back", () => {
  expect(versions.roundTripLosses(now, "example.com/v1alpha1")).toEqual([]);
  expect(versions.convert(now, "example.com/v1alpha1")).toMatchObject({ spec: { interval: "2d" } });
  expect(versions.convert(old, "example.com/v1")).toMatchObject({ spec: { everyHours: 48, keep: 7 } });
});
