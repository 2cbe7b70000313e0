import type { JsonObject, Resource } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { RequestContext } from "../http/chain.ts";
import type { ServerRequest, ServerResponse } from "../http/handler.ts";
import { loadBuiltinResources } from "../schema/index-builtin.ts";
import { openapiRoutes } from "./openapi-routes.ts";

const builtins = loadBuiltinResources()
  .filter(({ group }) => group === "" || group === "apps")
  .map(({ namespaced, subresources, ...facts }) => ({
    resource: { ...facts, scope: namespaced ? ("Namespaced" as const) : ("Cluster" as const) },
    custom: false,
  }));
const app: Resource = {
  group: "example.com",
  version: "v1",
  kind: "App",
  plural: "apps",
  singular: "app",
  listKind: "AppList",
  scope: "Namespaced",
};

/** The routes over resources that a test may change. */
function served() {
  let version = 1;
  let custom: { resource: Resource; custom: boolean; openapiSchema: JsonObject }[] = [];
  const route = openapiRoutes({
    get version() {
      return version;
    },
    all: () => [...builtins, ...custom],
  });
  return {
    setSchema(openapiSchema: JsonObject) {
      version++;
      custom = [{ resource: app, custom: true, openapiSchema }];
    },
    async get(url: string, headers: Record<string, string> = {}, verb = "get"): Promise<ServerResponse | undefined> {
      const { pathname: path, searchParams: query } = new URL(url, "http://server");
      const request: ServerRequest = {
        method: verb.toUpperCase(),
        path: url,
        headers,
        body: async () => new Uint8Array(),
        signal: AbortSignal.abort(),
      };
      return route({ isResource: false, verb, path, query }, request, {} as RequestContext);
    },
  };
}

const bytesOf = (response: ServerResponse | undefined) => (response?.body ?? new Uint8Array()) as Uint8Array;
const bodyOf = (response: ServerResponse | undefined) =>
  JSON.parse(Buffer.from(bytesOf(response)).toString()) as JsonObject;

async function urlOf(server: ReturnType<typeof served>, path: string): Promise<string> {
  const { paths } = bodyOf(await server.get("/openapi/v3")) as { paths: Record<string, { serverRelativeURL: string }> };
  return paths[path]?.serverRelativeURL ?? "";
}

describe("OpenAPI over HTTP", () => {
  it("B262 answers a document by its hash and lets it be kept", async () => {
    const server = served();
    const url = await urlOf(server, "apis/apps/v1");
    expect(url).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/);
    const response = await server.get(url);
    expect(response).toMatchObject({
      status: 200,
      headers: { "content-type": "application/json", "cache-control": "public, immutable" },
    });
    expect(bodyOf(response)).toMatchObject({ openapi: "3.0.0", paths: { "/apis/apps/v1/deployments": {} } });
  });

  it("B262 leads from an old hash to the present one", async () => {
    const server = served();
    const response = await server.get("/openapi/v3/api/v1?hash=OLD");
    expect(response).toMatchObject({ status: 301, headers: { location: await urlOf(server, "api/v1") } });
  });

  it("B262 answers 304 to who has the document, and without a hash lets nothing be kept unasked", async () => {
    const server = served();
    const response = await server.get("/openapi/v3/api/v1");
    expect(response?.headers["cache-control"]).toBeUndefined();
    expect(
      await server.get("/openapi/v3/api/v1", { "if-none-match": String(response?.headers["etag"]) }),
    ).toMatchObject({ status: 304 });
  });

  it("changes the hash of a custom group version with its schema, and of no other", async () => {
    const server = served();
    server.setSchema({ type: "object", description: "one" });
    const [before, core] = [await urlOf(server, "apis/example.com/v1"), await urlOf(server, "api/v1")];
    expect(bodyOf(await server.get(before))).toMatchObject({
      components: { schemas: { "com.example.v1.App": { description: "one" } } },
    });
    server.setSchema({ type: "object", description: "two" });
    const after = await urlOf(server, "apis/example.com/v1");
    expect([after === before, (await urlOf(server, "api/v1")) === core]).toEqual([false, true]);
    expect(bodyOf(await server.get(after))).toMatchObject({
      components: { schemas: { "com.example.v1.App": { description: "two" } } },
    });
  });

  it("B264 answers v2 in JSON with an ETag", async () => {
    const server = served();
    const response = await server.get("/openapi/v2");
    expect(response).toMatchObject({
      status: 200,
      headers: { "content-type": "application/json", etag: expect.stringMatching(/^"\w+"$/) },
    });
    expect(bodyOf(response)).toMatchObject({ swagger: "2.0", paths: { "/api/v1/pods": {} } });
    expect(await server.get("/openapi/v2", { "if-none-match": String(response?.headers["etag"]) })).toMatchObject({
      status: 304,
    });
  });

  it("B264 answers v2 in protobuf to who asks for it, under a type that Go can parse", async () => {
    const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    const response = await served().get("/openapi/v2", { accept });
    expect(response?.headers["content-type"]).toBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    // Field 1, the version of Swagger.
    expect([...bytesOf(response).subarray(0, 5)]).toEqual([10, 3, 0x32, 0x2e, 0x30]);
  });

  it("refuses forms it does not have and methods that change something", async () => {
    const server = served();
    await expect(server.get("/openapi/v2", { accept: "text/html" })).rejects.toThrow("NotAcceptable");
    expect(await server.get("/openapi/v2", {}, "post")).toMatchObject({ status: 405 });
  });

  it("leaves other paths to others", async () => {
    const server = served();
    expect(await server.get("/openapi")).toBeUndefined();
    expect(await server.get("/openapi/v3/apis/nope/v1")).toBeUndefined();
  });
});
