import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { configMap } from "../objects.ts";
import { serveLines } from "./lines.ts";

/**
 * A server of so many ConfigMaps and nothing else: as the first events of a watch, where it is asked for them and told
 * to answer so, else as a list, in pages where it is asked for pages. Watches stay open.
 */
const [path, count, how] = process.argv.slice(2) as [string, string, "stream" | "pages"];
const objects = Array.from({ length: Number(count) }, (_, at) => {
  const object = configMap(at, `team-${at % 50}`) as { metadata: object };
  const uid = `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`;
  return JSON.stringify({ ...object, metadata: { ...object.metadata, uid, resourceVersion: String(at + 1) } });
});
const resourceVersion = String(objects.length);
const end = {
  type: "BOOKMARK",
  object: {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } },
  },
};
const { key, cert } = JSON.parse(readFileSync(path, "utf8")) as { key: string; cert: string };

const server = createServer({ key, cert }, async (request, response) => {
  const query = new URL(request.url!, "https://localhost").searchParams;
  response.setHeader("content-type", "application/json");
  if (query.get("watch") === null) return answerList(query, response);
  if (query.get("sendInitialEvents") === null) return response.flushHeaders();
  if (how === "pages") return refuse(response);
  for (const object of objects) {
    if (!response.write(`{"type":"ADDED","object":${object}}\n`))
      await new Promise<void>((resolve) => response.once("drain", resolve));
  }
  response.write(`${JSON.stringify(end)}\n`);
});

function answerList(query: URLSearchParams, response: ServerResponse): void {
  const start = Number(query.get("continue") ?? 0);
  const limit = Number(query.get("limit") ?? 0) || objects.length;
  const next = start + limit < objects.length ? String(start + limit) : "";
  const head = { kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion, continue: next } };
  const items = objects.slice(start, start + limit).join(",");
  response.end(`${JSON.stringify(head).slice(0, -1)},"items":[${items}]}`);
}

/** As servers do that cannot stream lists. */
function refuse(response: ServerResponse): void {
  response.statusCode = 422;
  const message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
  response.end(
    JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", reason: "Invalid", code: 422, message }),
  );
}

server.listen(0, "127.0.0.1", () => {
  serveLines({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
