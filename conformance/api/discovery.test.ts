import { expect, it } from "vitest";
import { definition } from "./objects.ts";
import { behaviours } from "./suite.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

behaviours("discovery, OpenAPI, version and health", (world) => {
  it("B258 B269 lists groups, versions and resources that agree with each other", async () => {
    expect((await world.api.get("/api")).body).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
    const { groups } = (await world.api.get("/apis")).body;
    expect(groups.length).toBeGreaterThan(15);
    for (const group of groups) {
      expect((await world.api.get(`/apis/${group.name}`)).body).toMatchObject({ kind: "APIGroup", name: group.name });
      expect(group.versions).toContainEqual(group.preferredVersion);
      for (const { groupVersion } of group.versions) {
        const list = (await world.api.get(`/apis/${groupVersion}`)).body;
        expect([list.kind, list.groupVersion, list.resources.length > 0]).toEqual([
          "APIResourceList",
          groupVersion,
          true,
        ]);
      }
    }
  });

  it("B259 B260 B261 tells everything at once, with a tag, in order of priority", async () => {
    await world.define(
      definition("prio.example.com", { versions: [{ name: "v1alpha1" }, { name: "v2" }, { name: "v1beta1" }] }),
    );
    const answer = await world.api.get("/apis", { accept: aggregated });
    expect(answer.headers["content-type"]).toBe(aggregated);
    const group = answer.body.items.find(
      (item: { metadata: { name: string } }) => item.metadata.name === "prio.example.com",
    );
    expect(group.versions.map(({ version }: { version: string }) => version)).toEqual(["v2", "v1beta1", "v1alpha1"]);
    const again = await world.api.get("/apis", { accept: aggregated, "if-none-match": answer.headers["etag"]! });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  it("B262 B264 publishes OpenAPI of both versions, tagged", async () => {
    const { paths } = (await world.api.get("/openapi/v3")).body;
    const { serverRelativeURL } = paths["apis/apps/v1"];
    const document = await world.api.get(serverRelativeURL);
    expect(document.headers["cache-control"]).toContain("immutable");
    expect(document.body.components.schemas["io.k8s.api.apps.v1.Deployment"]).toBeDefined();
    expect((await world.api.get("/openapi/v3/apis/apps/v1?hash=STALE")).status).toBe(301);
    const v2 = await world.api.get("/openapi/v2");
    expect([v2.status, v2.body.swagger, v2.headers["etag"]]).toEqual([200, "2.0", expect.any(String)]);
    const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    expect((await world.api.get("/openapi/v2", { accept })).headers["content-type"]).toContain("protobuf");
  });

  it("B265 B266 says its version and that it is well", async () => {
    const { body } = await world.api.get("/version");
    expect([body.major, body.minor, body.gitVersion.startsWith("v1.36.")]).toEqual(["1", "36", true]);
    for (const path of ["/healthz", "/livez", "/readyz", "/readyz/ping"]) {
      expect((await world.api.get(path)).text).toBe("ok");
    }
    expect((await world.api.get("/readyz?verbose")).text).toContain("[+]ping ok");
  });

  it("B007 lists its paths", async () => {
    expect((await world.api.get("/")).body.paths).toEqual(
      expect.arrayContaining(["/api/v1", "/apis/apps/v1", "/version"]),
    );
  });
});
