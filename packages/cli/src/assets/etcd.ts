import { createServer } from "node:http";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { allOf, type GoFlags } from "./go-flags.ts";

/** Level of etcd that a Kubernetes of our level runs on. */
const version = "3.6.0";

const answers: Readonly<Record<string, object>> = {
  "/health": { health: "true", reason: "" },
  "/version": { etcdserver: version, etcdcluster: version },
};

export const etcdHelp = `Stands in for etcd where a test environment wants one: it answers that it is well.
The API server beside it keeps its objects itself, in memory; nothing is written to --data-dir.

  --listen-client-urls=URL,...   where /health answers; default http://localhost:2379
  other flags                    are taken and have no effect
`;

/** Answers health checks until the process is told to stop. @throws CommandError when an address cannot be listened on */
export async function runEtcd(flags: GoFlags, environment: Environment): Promise<void> {
  const given = allOf(flags, "listen-client-urls");
  const urls = given.length > 0 ? given : ["http://localhost:2379"];
  const stopped = new Promise<void>((resolve) => void environment.onSignal(() => resolve()));
  const servers = await Promise.all(urls.map(serve));
  environment.stderr.write(`etcd: ready to serve client requests at ${urls.join(", ")}\n`);
  await stopped;
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
}

function serve(url: string): Promise<ReturnType<typeof createServer>> {
  const { hostname, port, protocol } = addressOf(url);
  if (protocol !== "http:") throw new CommandError(`--listen-client-urls ${url}: only http is served here`);
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? "").replace(/[?].*/s, "")];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(answer ? JSON.stringify(answer) : "");
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) =>
      reject(new CommandError(`--listen-client-urls ${url}: ${error.message}`, { cause: error })),
    );
    server.listen(Number(port || 2379), hostname.replace(/^\[|\]$/g, ""), () => resolve(server));
  });
}

function addressOf(url: string): URL {
  try {
    return new URL(url);
  } catch (error) {
    throw new CommandError(`--listen-client-urls ${url}: is no URL: write it like http://127.0.0.1:2379`, {
      cause: error,
    });
  }
}
