import type { Aggregation } from "./aggregation/aggregation.ts";
import type { ServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { discoveryRoute } from "./discovery/discovery.ts";
import { type HealthCheck, healthRoute } from "./discovery/health.ts";
import { metricsRoute } from "./discovery/metrics.ts";
import { openIdRoute } from "./discovery/openid.ts";
import { rootPathsRoute } from "./discovery/root-paths.ts";
import { versionRoute } from "./discovery/version.ts";
import type { Route } from "./http/chain.ts";
import type { RequestMetrics } from "./http/request-metrics.ts";
import type { OpenapiSource } from "./openapi/published.ts";
import type { Catalog } from "./registry/catalog.ts";

export interface RouteOptions {
  readonly catalog: Catalog;
  readonly aggregation: Aggregation;
  readonly metrics: RequestMetrics;
  /** In the text format of Prometheus, each ending with a line end. */
  readonly moreMetrics?: () => string;
  readonly tokens: ServiceAccountTokens;
  readonly checks: readonly HealthCheck[];
  /** Where clients reach the server: `127.0.0.1:6443`. */
  readonly address: () => string;
}

/** The discovery document of a version that another server serves comes from there. */
function aggregatedRoute(aggregation: Aggregation): Route {
  return ({ path }, request, { user }) => {
    const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)\/?$/.exec(path) ?? [];
    if (group === undefined || version === undefined) return undefined;
    return aggregation.find(group, version)?.relay(request, user);
  };
}

/** What writes documents is loaded by the first who asks for one. */
function openapiRoute(source: OpenapiSource): Route {
  let loaded: Promise<Route> | undefined;
  return async (info, request, context) => {
    if (!info.path.startsWith("/openapi/")) return undefined;
    loaded ??= import("./openapi/openapi-routes.ts").then(({ openapiRoutes }) => openapiRoutes(source));
    return (await loaded)(info, request, context);
  };
}

/** Everything that is not about a resource. */
export function createRoutes({
  catalog,
  aggregation,
  metrics,
  moreMetrics,
  tokens,
  checks,
  address,
}: RouteOptions): Route[] {
  // Both only rise, so that their sum tells a change of either.
  const version = (): number => catalog.version + aggregation.version;
  const elsewhere = (): ReturnType<Aggregation["all"]> => aggregation.all();
  const source = { version, elsewhere, resources: () => catalog.all() };
  const published = {
    get version() {
      return version();
    },
    elsewhere,
    all: () => catalog.all(),
  };
  return [
    aggregatedRoute(aggregation),
    discoveryRoute(source, address),
    openapiRoute(published),
    versionRoute,
    healthRoute(checks),
    metricsRoute(metrics, moreMetrics),
    openIdRoute(tokens, () => `https://${address()}`),
    rootPathsRoute(source),
  ];
}
