import type { ServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { discoveryRoute } from "./discovery/discovery.ts";
import { type HealthCheck, healthRoute } from "./discovery/health.ts";
import { metricsRoute } from "./discovery/metrics.ts";
import { openIdRoute } from "./discovery/openid.ts";
import { rootPathsRoute } from "./discovery/root-paths.ts";
import { versionRoute } from "./discovery/version.ts";
import type { Route } from "./http/chain.ts";
import type { RequestMetrics } from "./http/request-metrics.ts";
import { openapiRoutes } from "./openapi/openapi-routes.ts";
import type { Catalog } from "./registry/catalog.ts";

export interface RouteOptions {
  readonly catalog: Catalog;
  readonly metrics: RequestMetrics;
  /** In the text format of Prometheus, each ending with a line end. */
  readonly moreMetrics?: () => string;
  readonly tokens: ServiceAccountTokens;
  readonly checks: readonly HealthCheck[];
  /** Where clients reach the server: `127.0.0.1:6443`. */
  readonly address: () => string;
}

/** Everything that is not about a resource. */
export function createRoutes({ catalog, metrics, moreMetrics, tokens, checks, address }: RouteOptions): Route[] {
  const source = { version: () => catalog.version, resources: () => catalog.all() };
  return [
    discoveryRoute(source, address),
    openapiRoutes(catalog),
    versionRoute,
    healthRoute(checks),
    metricsRoute(metrics, moreMetrics),
    openIdRoute(tokens, () => `https://${address()}`),
    rootPathsRoute(source),
  ];
}
