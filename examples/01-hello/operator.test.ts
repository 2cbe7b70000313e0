import { ConfigMap, createVirtualClock } from "@homeostat/api";
import { createDevCluster, expectApplied, expectExists, installResources } from "@homeostat/devcluster";
import { test } from "vitest";
import { Greeting, run } from "./operator.ts";

test("keeps a greeting in a ConfigMap, loud if asked", async () => {
  const clock = createVirtualClock();
  await using cluster = await createDevCluster({ clock });
  await installResources(cluster.client, clock, [Greeting]);
  const starting = run({ transport: cluster.transport(), clock });
  await clock.settle();
  await using _manager = await starting;

  await expectApplied(
    cluster,
    Greeting.object({ metadata: { name: "hello", namespace: "default" }, spec: { message: "hi", loud: true } }),
  );

  await expectExists(
    cluster,
    ConfigMap,
    { namespace: "default", name: "hello" },
    ({ data }) => data?.["text"] === "HI",
  );
  await expectExists(
    cluster,
    Greeting,
    { namespace: "default", name: "hello" },
    ({ status }) => status?.configMap === "hello",
  );
});
