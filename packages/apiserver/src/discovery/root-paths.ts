import { apiVersionOf } from "@homeostat/api";
import type { Route } from "../http/chain.ts";
import { jsonResponse } from "../http/respond.ts";
import type { DiscoverySource } from "./discovery.ts";

const fixed: readonly string[] = [
  "/.well-known/openid-configuration",
  "/api",
  "/apis",
  "/healthz",
  "/livez",
  "/metrics",
  "/openapi/v2",
  "/openapi/v3",
  "/openid/v1/jwks",
  "/readyz",
  "/version",
];

/** Answers `/` with the paths there are. */
export function rootPathsRoute(source: DiscoverySource): Route {
  return (info) => {
    if (info.path !== "/") return undefined;
    const paths = new Set(fixed);
    for (const { resource } of source.resources()) {
      const root = resource.group === "" ? "/api" : "/apis";
      if (resource.group !== "") paths.add(`${root}/${resource.group}`);
      paths.add(`${root}/${apiVersionOf(resource)}`);
    }
    for (const { group, version } of source.elsewhere?.() ?? []) {
      paths.add(`/apis/${group}`).add(`/apis/${group}/${version}`);
    }
    return jsonResponse(200, { paths: [...paths].sort() });
  };
}
