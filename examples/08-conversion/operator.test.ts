import {
  CustomResourceDefinition,
  createVirtualClock,
  type JsonObject,
  type KubeObject,
  Namespace,
  Secret,
} from "@homeostat/api";
import { createDevCluster, eventually, installResources } from "@homeostat/devcluster";
import { expect, onTestFinished, test } from "vitest";
import { ask, conversionReview } from "../ask-webhook.test-support.ts";
import { Backup, OldBackup, operator, versions, webhookServer } from "./operator.ts";

const metadata = { namespace: "default", name: "nightly", uid: "u1" };
const now = Backup.object({ metadata, spec: { everyHours: 48, keep: 30 } });
const old = OldBackup.object({ metadata, spec: { interval: "2d" } });

test("loses nothing on the way to the other version and back", () => {
  expect(versions.roundTripLosses(now, "example.com/v1alpha1")).toEqual([]);
  expect(versions.convert(now, "example.com/v1alpha1")).toMatchObject({ spec: { interval: "2d" } });
  expect(versions.convert(old, "example.com/v1")).toMatchObject({ spec: { everyHours: 48, keep: 7 } });
});

test("converts for the API server over TLS, and hands it the authority to trust", async () => {
  // Certificates are checked by the machine's time, so virtual time begins now.
  const clock = createVirtualClock(Date.now());
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  await installResources(cluster.client, clock, operator.resources);
  await cluster.client.create(Namespace, { metadata: { name: operator.name } });
  const manager = await cluster.run([]);
  const server = webhookServer(cluster.client, { address: "127.0.0.1:0" });
  manager.add(server);
  await server.ready();

  const { data } = await cluster.client.get(Secret, { namespace: "backups", name: "backups" });
  const ca = Buffer.from(data!["ca.crt"]!, "base64").toString();
  const url = `https://${server.address}/convert`;
  const objects = [old] as unknown as JsonObject[];
  const response = await ask(url, ca, ...conversionReview, { desiredAPIVersion: "example.com/v1", objects });
  expect(response["result"]).toMatchObject({ status: "Success" });
  expect((response["convertedObjects"] as unknown as KubeObject[])[0]).toMatchObject({
    apiVersion: "example.com/v1",
    spec: { everyHours: 48, keep: 7 },
  });

  await eventually(cluster, async () => {
    const { spec } = await cluster.client.get(CustomResourceDefinition, { name: "backups.example.com" });
    const { caBundle = "" } = spec.conversion?.webhook?.clientConfig ?? {};
    expect(Buffer.from(caBundle, "base64").toString()).toBe(ca);
  });
});
