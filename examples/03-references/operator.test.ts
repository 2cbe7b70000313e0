import { createVirtualClock, Deployment, Pod } from "@homeostat/api";
import { createDevCluster, eventually, expectApplied, expectCondition } from "@homeostat/devcluster";
import { expect, test } from "vitest";
import { operator, Website } from "./operator.ts";

const key = { namespace: "default", name: "shop" };
const secret = (name: string, password: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { namespace: "default", name },
  stringData: { password },
});

test("waits for its Secret, and restarts the pods when that one changes, and no other", async () => {
  await using cluster = await createDevCluster({ clock: createVirtualClock() });
  const manager = await cluster.run(operator);
  const pods = async () => (await cluster.client.list(Pod)).items.map(({ metadata }) => metadata.name).sort();

  await expectApplied(cluster, Website.object({ metadata: key, spec: { image: "nginx", secretName: "credentials" } }));
  await expectCondition(cluster, Website, key, "Ready", "False", "ReferenceNotFound");
  expect(await cluster.client.find(Deployment, key)).toBeUndefined();

  await expectApplied(cluster, secret("credentials", "first"));
  await expectCondition(cluster, Website, key, "Ready", "True");
  const before = await pods();
  expect(before).toHaveLength(1);

  const earlier = new Set(manager.ledger.entries().map(({ reconcileID }) => reconcileID));
  await expectApplied(cluster, secret("unrelated", "anything"));
  await expectApplied(cluster, secret("credentials", "second"));
  await eventually(cluster, async () => {
    const now = await pods();
    expect(now).toHaveLength(1);
    expect(now).not.toEqual(before);
  });
  const causes = manager.ledger
    .entries()
    .filter(({ reconcileID }) => !earlier.has(reconcileID))
    .flatMap((entry) => entry.causes);
  const secrets = causes.flatMap((cause) =>
    cause.type === "event" && cause.resource === "secrets" ? [cause.name] : [],
  );
  expect(secrets).toEqual(["credentials"]);
});
