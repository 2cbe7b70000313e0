import { apiVersionOf, type Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { RequestContext, Route } from "../http/chain.ts";
import type { ServerResponse } from "../http/handler.ts";
import { parseRequestInfo } from "../http/request-info.ts";
import { createRequestMetrics } from "../http/request-metrics.ts";
import type { ServedResource, ServedSubresource, Verb } from "../registry/served-resource.ts";
import { type DiscoverySource, discoveryRoute } from "./discovery.ts";
import { type HealthCheck, healthRoute, ping } from "./health.ts";
import { metricsRoute } from "./metrics.ts";
import { openIdRoute } from "./openid.ts";
import { compareGroups, compareVersions } from "./priority.ts";
import { rootPathsRoute } from "./root-paths.ts";
import { versionRoute } from "./version.ts";

const everything: Verb[] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const context: RequestContext = { user: { username: "u", groups: [] }, auditId: "", warn() {} };

function served(
  group: string,
  version: string,
  kind: string,
  more: Partial<Resource> = {},
  subresources: ServedSubresource[] = [],
): ServedResource {
  const singular = kind.toLowerCase();
  const resource: Resource = {
    group,
    version,
    kind,
    plural: `${singular}s`,
    singular,
    listKind: `${kind}List`,
    scope: "Namespaced",
    ...more,
  };
  const parts = {
    resource,
    verbs: everything,
    subresources: new Map(subresources.map((item) => [item.name, item])),
    storageVersion: version,
    custom: false,
  };
  // Discovery reads nothing else of a served resource.
  return parts as unknown as ServedResource;
}

const status = (group: string, version: string, kind: string): ServedSubresource => ({
  name: "status",
  verbs: ["get", "update", "patch"],
  kind: { group, version, kind },
});
const scale: ServedSubresource = {
  name: "scale",
  verbs: ["get", "update", "patch"],
  kind: { group: "autoscaling", version: "v1", kind: "Scale" },
};

function catalog(): DiscoverySource & { list: ServedResource[]; counter: number } {
  const state = {
    counter: 1,
    list: [
      served("example.com", "v1beta1", "Widget"),
      served("example.com", "v2", "Widget"),
      served("apps", "v1", "Deployment", { shortNames: ["deploy"], categories: ["all"] }, [
        status("apps", "v1", "Deployment"),
        scale,
      ]),
      served("", "v1", "Pod", { shortNames: ["po"], categories: ["all"] }),
      served("", "v1", "Node", { scope: "Cluster" }),
    ],
    version: () => state.counter,
    resources: () => state.list,
  };
  return state;
}

async function ask(
  route: Route,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<ServerResponse> {
  const info = parseRequestInfo(method, path);
  if (info.isResource) throw new Error(`${path} names a resource`);
  const request = { method, path, headers, body: async () => new Uint8Array(0), signal: new AbortController().signal };
  const response = await route(info, request, context);
  if (!response) throw new Error(`${path} is not answered`);
  return response;
}

const textOf = ({ body }: ServerResponse): string => (typeof body === "function" ? "" : new TextDecoder().decode(body));
const jsonOf = (response: ServerResponse) => JSON.parse(textOf(response));
const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
const kubectl = `${aggregated("v2")},${aggregated("v2beta1")},application/json`;

describe("discovery", () => {
  const route = discoveryRoute(catalog(), () => "127.0.0.1:6443");

  it("B258 lists versions and groups", async () => {
    expect(jsonOf(await ask(route, "/api"))).toEqual({
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: "127.0.0.1:6443" }],
    });
    const widgets = [
      { groupVersion: "example.com/v2", version: "v2" },
      { groupVersion: "example.com/v1beta1", version: "v1beta1" },
    ];
    expect(jsonOf(await ask(route, "/apis")).groups).toEqual([
      {
        name: "apps",
        versions: [{ groupVersion: "apps/v1", version: "v1" }],
        preferredVersion: { groupVersion: "apps/v1", version: "v1" },
      },
      { name: "example.com", versions: widgets, preferredVersion: widgets[0] },
    ]);
    expect(jsonOf(await ask(route, "/apis/example.com"))).toMatchObject({
      kind: "APIGroup",
      apiVersion: "v1",
      name: "example.com",
      preferredVersion: widgets[0],
    });
  });

  it("B258 lists resources with their subresources", async () => {
    expect(jsonOf(await ask(route, "/apis/apps/v1"))).toEqual({
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: "apps/v1",
      resources: [
        {
          name: "deployments",
          singularName: "deployment",
          namespaced: true,
          kind: "Deployment",
          verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
          shortNames: ["deploy"],
          categories: ["all"],
          storageVersionHash: "8aSe+NMegvE=",
        },
        {
          name: "deployments/scale",
          singularName: "",
          namespaced: true,
          group: "autoscaling",
          version: "v1",
          kind: "Scale",
          verbs: ["get", "patch", "update"],
        },
        {
          name: "deployments/status",
          singularName: "",
          namespaced: true,
          kind: "Deployment",
          verbs: ["get", "patch", "update"],
        },
      ],
    });
    expect(
      jsonOf(await ask(route, "/api/v1")).resources.map((entry: { name: string; namespaced: boolean }) => [
        entry.name,
        entry.namespaced,
      ]),
    ).toEqual([
      ["nodes", false],
      ["pods", true],
    ]);
  });

  it("B259 gives everything in one document when asked", async () => {
    const response = await ask(route, "/apis", { accept: kubectl });
    expect(response.headers["content-type"]).toBe(aggregated("v2"));
    const document = jsonOf(response);
    expect(document).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    expect(document.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      "apps",
      "example.com",
    ]);
    expect(document.items[0].versions).toEqual([
      {
        version: "v1",
        freshness: "Current",
        resources: [
          {
            resource: "deployments",
            responseKind: { group: "apps", version: "v1", kind: "Deployment" },
            scope: "Namespaced",
            singularResource: "deployment",
            verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            shortNames: ["deploy"],
            categories: ["all"],
            subresources: [
              {
                subresource: "scale",
                responseKind: { group: "autoscaling", version: "v1", kind: "Scale" },
                verbs: ["get", "patch", "update"],
              },
              {
                subresource: "status",
                responseKind: { group: "apps", version: "v1", kind: "Deployment" },
                verbs: ["get", "patch", "update"],
              },
            ],
          },
        ],
      },
    ]);
    const core = jsonOf(await ask(route, "/api", { accept: kubectl }));
    expect(core.items).toMatchObject([
      { versions: [{ version: "v1", resources: [{ resource: "nodes", scope: "Cluster" }, { resource: "pods" }] }] },
    ]);
  });

  it("B259 knows the form of older clients and falls back to the plain one", async () => {
    const old = await ask(route, "/apis", { accept: `${aggregated("v2beta1")},application/json` });
    expect([old.headers["content-type"], jsonOf(old).apiVersion]).toEqual([
      aggregated("v2beta1"),
      "apidiscovery.k8s.io/v2beta1",
    ]);
    expect(jsonOf(await ask(route, "/apis", { accept: `${aggregated("v3")},application/json` })).kind).toBe(
      "APIGroupList",
    );
    await expect(ask(route, "/apis", { accept: "text/html" })).rejects.toMatchObject({ code: 406 });
  });

  it("B260 answers 304 until the resources change", async () => {
    const source = catalog();
    const own = discoveryRoute(source, () => "");
    const { headers } = await ask(own, "/apis", { accept: kubectl });
    const again = () => ask(own, "/apis", { accept: kubectl, "if-none-match": String(headers["etag"]) });
    expect(headers).toMatchObject({ vary: "Accept", etag: expect.stringMatching(/^"[0-9A-F]{64}"$/) });
    expect((await again()).status).toBe(304);
    source.list.push(served("example.com", "v2", "Gadget"));
    source.counter++;
    const changed = await again();
    expect([changed.status, changed.headers["etag"] === headers["etag"]]).toEqual([200, false]);
  });

  it("B261 shows a new group at once and drops one that is gone", async () => {
    const source = catalog();
    const own = discoveryRoute(source, () => "");
    const names = async () => jsonOf(await ask(own, "/apis")).groups.map((group: { name: string }) => group.name);
    expect(await names()).toEqual(["apps", "example.com"]);
    source.list = [
      served("another.io", "v1", "Thing"),
      ...source.list.filter(({ resource }) => resource.group !== "example.com"),
    ];
    source.counter++;
    expect(await names()).toEqual(["apps", "another.io"]);
    expect((await ask(own, "/apis/example.com")).status).toBe(404);
    expect((await ask(own, "/apis/another.io/v1")).status).toBe(200);
  });

  it("B005 answers unknown groups and versions with plain text", async () => {
    for (const path of ["/apis/none", "/apis/none/v1", "/apis/apps/v9", "/api/v9"]) {
      const response = await ask(route, path);
      expect([response.status, response.headers["content-type"]]).toEqual([404, "text/plain; charset=utf-8"]);
    }
  });

  it("B269 names the same group versions everywhere", async () => {
    const groups = jsonOf(await ask(route, "/apis")).groups as {
      versions: { groupVersion: string }[];
      preferredVersion: { groupVersion: string };
    }[];
    for (const { versions, preferredVersion } of groups) {
      expect(versions).toContainEqual(preferredVersion);
      for (const { groupVersion } of versions) {
        expect(jsonOf(await ask(route, `/apis/${groupVersion}`)).groupVersion).toBe(groupVersion);
      }
    }
  });

  it("refuses to be written", async () => {
    await expect(ask(route, "/apis", {}, "POST")).rejects.toMatchObject({ code: 405 });
  });
});

describe("priority", () => {
  it("B261 puts stable versions first, then higher numbers", () => {
    const versions = ["v1alpha1", "foo1", "v1", "v1beta1", "v10", "v2", "v1beta2", "v2alpha1", "v11alpha2", "bar"];
    expect(versions.sort(compareVersions)).toEqual([
      "v10",
      "v2",
      "v1",
      "v1beta2",
      "v1beta1",
      "v11alpha2",
      "v2alpha1",
      "v1alpha1",
      "bar",
      "foo1",
    ]);
  });

  it("B261 puts built-in groups before others", () => {
    expect(["z.io", "batch", "a.io", "", "apps"].sort(compareGroups)).toEqual(["", "apps", "batch", "a.io", "z.io"]);
  });
});

describe("health", () => {
  const checks: HealthCheck[] = [
    ping,
    {
      name: "etcd",
      check: async () => {
        throw new Error("disk is full");
      },
    },
    { name: "boot", endpoints: ["readyz"], check() {} },
  ];

  it("B266 answers ok when all is well", async () => {
    const route = healthRoute([ping]);
    for (const path of ["/healthz", "/livez", "/readyz", "/readyz/ping"])
      expect(textOf(await ask(route, path))).toBe("ok");
    expect(textOf(await ask(route, "/readyz?verbose"))).toBe("[+]ping ok\nreadyz check passed\n");
  });

  it("B266 answers 500 when a check fails and names it without the reason", async () => {
    const response = await ask(healthRoute(checks), "/readyz");
    expect([response.status, textOf(response)]).toEqual([
      500,
      "[+]ping ok\n[-]etcd failed: reason withheld\n[+]boot ok\nreadyz check failed\n",
    ]);
    const single = await ask(healthRoute(checks), "/readyz/etcd");
    expect([single.status, textOf(single)]).toEqual([500, "internal server error: disk is full\n"]);
  });

  it("B266 leaves out checks on request and where they do not count", async () => {
    const text = textOf(await ask(healthRoute(checks), "/livez?verbose&exclude=etcd&exclude=none"));
    expect(text).toBe(
      '[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for "none"\nlivez check passed\n',
    );
    expect((await ask(healthRoute(checks), "/livez/boot")).status).toBe(404);
  });
});

describe("other paths", () => {
  it("B265 gives the version with integers as strings", async () => {
    const info = jsonOf(await ask(versionRoute, "/version"));
    expect(info).toMatchObject({ major: "1", minor: "36", gitVersion: "v1.36.0+homeostat" });
    expect(info.platform).toMatch(/^\w+\/\w+$/);
  });

  it("B007 lists the paths there are", async () => {
    const source = catalog();
    const { paths } = jsonOf(await ask(rootPathsRoute(source), "/"));
    for (const { resource } of source.resources())
      expect(paths).toContain(`${resource.group ? "/apis" : "/api"}/${apiVersionOf(resource)}`);
    expect(paths).toEqual(expect.arrayContaining(["/", "/apis/apps", "/healthz", "/version"].slice(1)));
    expect(paths).toEqual([...new Set(paths)].sort());
  });

  it("B252 tells where the keys of tokens are", async () => {
    const route = openIdRoute(
      { issuer: "https://issuer", jwks: () => ({ keys: [{ kid: "1", alg: "ES256" }] }) },
      () => "https://127.0.0.1:1",
    );
    const { jwks_uri: uri, issuer } = jsonOf(await ask(route, "/.well-known/openid-configuration"));
    expect(issuer).toBe("https://issuer");
    const keys = await ask(route, new URL(uri).pathname);
    expect([keys.headers["content-type"], jsonOf(keys)]).toEqual([
      "application/jwk-set+json",
      { keys: [{ kid: "1", alg: "ES256" }] },
    ]);
  });

  it("B267 shows what was counted", async () => {
    const metrics = createRequestMetrics();
    metrics.count(parseRequestInfo("GET", "/api/v1/pods"), 200);
    expect(
      textOf(
        await ask(
          metricsRoute(metrics, () => "more 1\n"),
          "/metrics",
        ),
      ),
    ).toMatch(/apiserver_request_total\{.*\} 1\nmore 1\n$/);
  });
});
