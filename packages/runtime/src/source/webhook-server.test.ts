import { createHmac } from "node:crypto";
import { request } from "node:https";
import { afterEach, expect, test } from "vitest";
import { controllerFor } from "../controller/builder.ts";
import { serve } from "../webhooks/server.test-support.ts";
import { App, createServerWorld } from "./server-world.test-support.ts";
import { webhookSource } from "./webhook-source.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** @returns the status */
function post(url: string, ca: string, body: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", agent: false, ca, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode!));
    });
    call.on("error", reject);
    call.end(body);
  });
}

test("a webhook is called through a webhook server, over TLS", async () => {
  const world = await createServerWorld();
  stops.push(() => world.stop());
  const seen: string[] = [];
  await world.app("a");
  const hook = webhookSource({
    name: "github",
    path: "/hooks/github",
    secret: "s3cret",
    map: (call) => [{ namespace: "demo", name: (call.json() as { app: string }).app }],
  });
  await world.run([
    controllerFor(App)
      .withPredicates(() => false)
      .source(hook)
      .reconcile(async ({ object }) => void seen.push(object.metadata.name)),
  ]);
  const { server, authority, stop } = await serve();
  stops.push(stop);
  server.handle(hook.path, hook.handle);
  const body = JSON.stringify({ app: "a" });
  const signature = `sha256=${createHmac("sha256", "s3cret").update(body).digest("hex")}`;
  const url = `https://${server.address}${hook.path}`;
  expect(await post(url, authority.certificate, body, {})).toBe(401);
  expect(await post(url, authority.certificate, body, { "X-Hub-Signature-256": signature })).toBe(202);
  await world.clock.advance(100);
  expect(seen).toEqual(["a"]);
});
