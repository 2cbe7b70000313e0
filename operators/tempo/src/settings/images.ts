/** Images of everything that runs in the pods. */
export interface Images {
  readonly tempo: string;
  readonly tempoQuery: string;
  readonly jaegerQuery: string;
  readonly tempoGateway: string;
  readonly tempoGatewayOpa: string;
  readonly oauthProxy: string;
}

/** What runs where neither the resource nor a variable RELATED_IMAGE_… says otherwise. Tempo stays at 2.x: 3 has other components. */
export const defaultImages: Images = {
  tempo: "docker.io/grafana/tempo:2.10.8",
  tempoQuery: "docker.io/grafana/tempo-query:2.10.8",
  jaegerQuery: "docker.io/jaegertracing/jaeger-query:1.68.0",
  tempoGateway: "quay.io/observatorium/api:main-2026-08-13-db2b289",
  tempoGatewayOpa: "quay.io/observatorium/opa-openshift:main-2026-07-01-dbb77e0",
  oauthProxy: "quay.io/openshift/origin-oauth-proxy:4.14",
};
