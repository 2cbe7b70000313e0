import { hostname } from "node:os";
import { systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { Registry } from "prom-client";
import type { HttpAnswer, HttpHandler, HttpRequest } from "../manager/http-server.ts";
import type { CertificateSource } from "../webhooks/certificate-source.ts";
import { AccessFilter, type AccessFilterOptions } from "./access-filter.ts";

/** How /metrics is served. */
export interface MetricsServerOptions {
  /** `host:port`, on loopback where there is no host; false: nowhere. Default: `metricsAddress` of the manager. */
  readonly address?: string | false;
  /**
   * Serve HTTPS: with a certificate signed by itself and made at start (true), with one of yours, or with those of a
   * source as they come (`certificateFiles`). Default false.
   */
  readonly secure?: boolean | CertificateAndKey | CertificateSource;
  /**
   * Let in only who the API server knows and allows: a bearer token, checked by TokenReview, whose user may `get` the
   * path as non-resource URL, checked by SubjectAccessReview. The operator itself needs the ClusterRole
   * `system:auth-delegator`. Default false.
   */
  readonly auth?: boolean;
  /** Further paths, served under the same protection. `/metrics` and the probes cannot be replaced. Default none. */
  readonly extraHandlers?: Readonly<Record<string, HttpHandler>>;
  /** Measure duration, sizes and retries of requests to the API server, too. Default false. */
  readonly requestDetails?: boolean;
}

/**
 * `/metrics` and what is served beside it, each behind the filter.
 * @throws for an extra path that is taken or malformed
 */
export function metricsHandler(
  registry: Registry,
  options: MetricsServerOptions,
  review: AccessFilterOptions,
): HttpHandler {
  const handlers = new Map<string, HttpHandler>([["/metrics", () => scrape(registry)]]);
  for (const [path, handler] of Object.entries(options.extraHandlers ?? {})) {
    checkPath(path, handlers);
    handlers.set(path, handler);
  }
  const filter = options.auth ? new AccessFilter(review) : undefined;
  return async (request: HttpRequest) => {
    const handler = handlers.get(request.path);
    return handler && ((await filter?.refusal(request)) ?? handler(request));
  };
}

async function scrape(registry: Registry): Promise<HttpAnswer> {
  return { status: 200, body: await registry.metrics(), contentType: registry.contentType };
}

function checkPath(path: string, taken: ReadonlyMap<string, HttpHandler>): void {
  if (!/^\/[^?#\s]*$/.test(path)) throw new Error(`extra metrics path "${path}" must start with / and have no query`);
  if (taken.has(path) || /^\/(healthz|readyz)(\/|$)/.test(path))
    throw new Error(`extra metrics path "${path}" is taken: choose another`);
}

/**
 * The pair to serve with; undefined for plain HTTP.
 * @param changed told of each new pair of a source, until `signal` is aborted
 */
export async function certificateOf(
  secure: MetricsServerOptions["secure"],
  changed: (pair: CertificateAndKey) => void,
  signal: AbortSignal,
): Promise<CertificateAndKey | undefined> {
  if (secure === undefined || secure === false) return undefined;
  if (secure === true) return selfSigned();
  return "start" in secure ? secure.start(changed, signal) : secure;
}

/** Certificates are checked by others: their times are the machine's, whatever the clock. */
async function selfSigned(): Promise<CertificateAndKey> {
  const { createCertificateAuthority } = await import("@homeostat/api/certificates");
  const authority = createCertificateAuthority({ clock: systemClock }, "homeostat-metrics-ca");
  const hosts = [...new Set([hostname(), "localhost", "127.0.0.1", "::1"])];
  const tenYears = 10 * 365 * 24 * 3_600_000;
  return authority.issue({ commonName: "homeostat-metrics", usage: "server", hosts, validMs: tenYears });
}
