import { ConfigMap, createVirtualClock, Namespace } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { afterEach, expect, test } from "vitest";
import { createClient } from "../client/api-client.ts";
import { controllerFor } from "../controller/builder.ts";
import { createManager } from "../manager/create-manager.ts";
import { createLogger } from "./json-logger.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

test("H15 logs of a reconcile carry the field's keys, and no object whole", async () => {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  stops.push(() => server.stop());
  const admin = createClient({ transport: server.transport(), clock });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  const lines: string[] = [];
  const log = createLogger({ level: "debug", destination: { write: (line) => void lines.push(line) } });
  const manager = createManager({ transport: server.transport(), clock, random: () => 0.5, log });
  stops.push(() => manager.stop());
  manager.add(
    controllerFor(ConfigMap, { name: "widget" }).reconcile(async (context) => {
      context.log.info({ object: context.object, event: context.causes }, "Looked at");
      if (context.request.name === "broken") throw Object.assign(new Error("no"), { object: context.object });
    }),
  );
  await manager.start();
  for (const name of ["fine", "broken"])
    await admin.create(ConfigMap, { metadata: { namespace: "demo", name }, data: { key: "whole" } });
  const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  await clock.until(() => parsed().some(({ msg }) => msg === "Reconciler error"), "the failure");
  const keys = {
    controller: "widget",
    controllerGroup: "",
    controllerKind: "ConfigMap",
    ConfigMap: { namespace: "demo", name: "broken" },
    namespace: "demo",
    name: "broken",
    reconcileID: expect.stringMatching(/^[\da-f]{16}$/),
  };
  const failed = parsed().find(({ msg }) => msg === "Reconciler error");
  expect(failed).toMatchObject({ level: "error", ...keys, err: { message: "no" } });
  const looked = parsed().find(({ msg, name }) => msg === "Looked at" && name === "broken");
  const named = { apiVersion: "v1", kind: "ConfigMap", namespace: "demo", name: "broken" };
  expect(looked).toMatchObject({ level: "info", ...keys, object: named });
  expect(looked!["object"]).toEqual(named);
  expect(lines.join("")).not.toContain("whole");
});
