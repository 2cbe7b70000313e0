import { createVirtualClock } from "@homeostat/api";
import { createApiServer } from "@homeostat/apiserver";
import { expect, it } from "vitest";
import { apiOf } from "./client.ts";
import { configMap } from "./objects.ts";

it("B133 ends the watch of a reader that does not read, and holds no writer up", async () => {
  await using server = await createApiServer({ clock: createVirtualClock(), watchBufferBytes: 64 * 1024 });
  const api = apiOf(server.transport());
  const path = "/api/v1/namespaces/default/configmaps";
  const response = await server.transport()({ method: "GET", path: `${path}?watch=true` });
  for (let n = 0; n < 40; n++) await api.make(path, configMap(`c${n}`, { large: "x".repeat(8192) }));
  // Only now someone reads: what was written before the end, and the end.
  const text = new TextDecoder().decode(await response.bytes());
  const lines = text.trim().split("\n");
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length).toBeLessThan(40);
  expect(JSON.parse(lines.at(-1)!).type).toBe("ADDED");
});

it("B136 ends watches cleanly when the server stops", async () => {
  const server = await createApiServer({ clock: createVirtualClock() });
  const watch = apiOf(server.transport()).watch("/api/v1/configmaps?resourceVersion=1");
  await watch.until(1);
  await server.stop();
  await expect(watch.ended).resolves.toHaveLength(1);
});
