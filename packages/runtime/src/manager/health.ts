import type { Logger } from "../log.ts";
import type { HealthCheck } from "./manager.ts";

/** An answer of a probe. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * The checks behind one probe. All are asked at `/<probe>`, one at `/<probe>/<name>`. A failure of the whole names the
 * failing checks but keeps their reasons to the log, as probes are open to anyone; asking for one check tells why.
 * Query: `verbose` lists every check, `exclude=<name>` leaves one out. Source: controller-runtime `pkg/healthz`.
 */
export class HealthChecks {
  readonly #probe: string;
  readonly #log: Logger;
  readonly #checks = new Map<string, HealthCheck>();

  constructor(probe: string, log: Logger) {
    this.#probe = probe;
    this.#log = log;
  }

  add(name: string, check: HealthCheck): void {
    if (this.#checks.has(name)) throw new Error(`${this.#probe} check "${name}" exists already: give it another name`);
    this.#checks.set(name, check);
  }

  /** @param name of the one check asked for; undefined: all */
  async answer(name: string | undefined, query: URLSearchParams): Promise<ProbeAnswer> {
    // With nothing to check, an answer is all there is to say.
    const checks = this.#checks.size > 0 ? this.#checks : new Map<string, HealthCheck>([["ping", () => {}]]);
    if (name !== undefined) return this.#one(checks.get(name));
    const excluded = new Set(query.getAll("exclude"));
    const lines: string[] = [];
    let failed = false;
    for (const each of [...checks.keys()].sort()) {
      if (excluded.delete(each)) {
        lines.push(`[+]${each} excluded: ok`);
        continue;
      }
      const error = await failure(checks.get(each)!);
      if (error !== undefined) {
        failed = true;
        this.#log.info({ probe: this.#probe, check: each, reason: error }, "Health check failed");
      }
      lines.push(error === undefined ? `[+]${each} ok` : `[-]${each} failed: reason withheld`);
    }
    if (excluded.size > 0)
      lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].join(", ")}`);
    if (failed) return { status: 500, body: `${lines.join("\n")}\n${this.#probe} check failed\n` };
    return { status: 200, body: query.has("verbose") ? `${lines.join("\n")}\n${this.#probe} check passed\n` : "ok" };
  }

  async #one(check: HealthCheck | undefined): Promise<ProbeAnswer> {
    if (!check) return { status: 404, body: "404 page not found\n" };
    const error = await failure(check);
    return error === undefined ? { status: 200, body: "ok" } : { status: 500, body: `${error}\n` };
  }
}

async function failure(check: HealthCheck): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
