import type { Route } from "../http/chain.ts";
import type { ServerResponse } from "../http/handler.ts";
import { pathNotFound, textResponse } from "../http/respond.ts";

export interface HealthCheck {
  /** Last part of its path, `/readyz/NAME`. */
  readonly name: string;
  /** Where it counts; default everywhere. */
  readonly endpoints?: readonly HealthEndpoint[];
  /** Throws, or rejects, when something is wrong. */
  check(): void | Promise<void>;
}

export type HealthEndpoint = "healthz" | "livez" | "readyz";

const endpoints: readonly string[] = ["healthz", "livez", "readyz"] satisfies HealthEndpoint[];

/** Shows only that the server answers. */
export const ping: HealthCheck = { name: "ping", check() {} };

/**
 * Answers `/healthz`, `/livez`, `/readyz` and their single checks. What is wrong is said only for a single check: the
 * lists are open to everyone. Source: apiserver `healthz`
 */
export function healthRoute(checks: readonly HealthCheck[]): Route {
  return async (info) => {
    const [endpoint = "", name, ...rest] = info.path.split("/").filter((segment) => segment !== "");
    if (!endpoints.includes(endpoint) || rest.length > 0) return undefined;
    const relevant = checks.filter((check) => (check.endpoints ?? endpoints).includes(endpoint));
    if (name === undefined) return all(endpoint, relevant, info.query);
    const found = relevant.find((check) => check.name === name);
    return found ? one(found) : pathNotFound();
  };
}

async function one(check: HealthCheck): Promise<ServerResponse> {
  const problem = await problemOf(check);
  return problem === undefined ? textResponse(200, "ok") : textResponse(500, `internal server error: ${problem}\n`);
}

async function all(endpoint: string, checks: readonly HealthCheck[], query: URLSearchParams): Promise<ServerResponse> {
  const excluded = new Set(query.getAll("exclude"));
  const lines: string[] = [];
  let failed = false;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
    } else if ((await problemOf(check)) === undefined) {
      lines.push(`[+]${check.name} ok`);
    } else {
      lines.push(`[-]${check.name} failed: reason withheld`);
      failed = true;
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(",");
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const text = (end: string): string => [...lines, `${endpoint} check ${end}`, ""].join("\n");
  if (failed) return textResponse(500, text("failed"));
  return textResponse(200, query.has("verbose") ? text("passed") : "ok");
}

async function problemOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
