import { describe, expect, it } from "vitest";
import { parseRequestInfo } from "./request-info.ts";

function brief(method: string, path: string): string {
  const info = parseRequestInfo(method, path);
  if (!info.isResource) return `${info.verb} ${info.path}`;
  const { verb, group, version, resource, subresource, rest, namespace, name, named } = info;
  return [
    verb,
    `${group || "core"}/${version}`,
    [resource, subresource, rest].filter(Boolean).join("/"),
    `ns=${namespace ?? ""}`,
    `name=${name ?? ""}${named ? "!" : ""}`,
  ].join(" ");
}

describe("parseRequestInfo", () => {
  it.each([
    ["GET", "/api/v1/namespaces/a/pods/p", "get core/v1 pods ns=a name=p!"],
    ["GET", "/api/v1/namespaces/a/pods", "list core/v1 pods ns=a name="],
    ["GET", "/api/v1/pods/", "list core/v1 pods ns= name="],
    ["GET", "/apis/apps/v1/namespaces/a/deployments/d/status", "get apps/v1 deployments/status ns=a name=d!"],
    ["POST", "/api/v1/namespaces/a/pods/p/eviction", "create core/v1 pods/eviction ns=a name=p!"],
    ["GET", "/api/v1/namespaces/a/services/s/proxy/x/y", "get core/v1 services/proxy/x/y ns=a name=s!"],
    [
      "GET",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/r%3A1",
      "get rbac.authorization.k8s.io/v1 clusterroles ns= name=r:1!",
    ],
  ])("B001 reads %s %s", (method, path, expected) => {
    expect(brief(method, path)).toBe(expected);
  });

  it.each([
    ["GET", "/api/v1/namespaces", "list core/v1 namespaces ns= name="],
    ["GET", "/api/v1/namespaces/x", "get core/v1 namespaces ns=x name=x!"],
    ["PUT", "/api/v1/namespaces/x/finalize", "update core/v1 namespaces/finalize ns=x name=x!"],
    ["PATCH", "/api/v1/namespaces/x/status", "patch core/v1 namespaces/status ns=x name=x!"],
    ["GET", "/api/v1/namespaces/x/anything", "list core/v1 anything ns=x name="],
  ])("B001 tells a namespace from what is inside: %s %s", (method, path, expected) => {
    expect(brief(method, path)).toBe(expected);
  });

  it.each([
    ["HEAD", "/api/v1/nodes/n", "get core/v1 nodes ns= name=n!"],
    ["POST", "/api/v1/nodes", "create core/v1 nodes ns= name="],
    ["PUT", "/api/v1/nodes/n", "update core/v1 nodes ns= name=n!"],
    ["DELETE", "/api/v1/nodes/n", "delete core/v1 nodes ns= name=n!"],
    ["DELETE", "/api/v1/nodes", "deletecollection core/v1 nodes ns= name="],
    ["GET", "/api/v1/nodes?watch=true", "watch core/v1 nodes ns= name="],
    ["GET", "/api/v1/nodes?watch", "watch core/v1 nodes ns= name="],
    ["GET", "/api/v1/nodes?watch=1", "watch core/v1 nodes ns= name="],
    ["GET", "/api/v1/nodes?watch=false", "list core/v1 nodes ns= name="],
    ["GET", "/api/v1/nodes?watch=0", "list core/v1 nodes ns= name="],
  ])("B002 takes the verb from %s %s", (method, path, expected) => {
    expect(brief(method, path)).toBe(expected);
  });

  it.each([
    ["metadata.name=n", "name=n"],
    ["metadata.name%3D%3Dn", "name=n"],
    ["spec.x%3D1,metadata.name%3Dn", "name=n"],
    ["metadata.name!%3Dn", "name="],
    ["metadata.name%3Da,metadata.name%3Db", "name="],
    ["metadata.namespace%3Dn", "name="],
  ])("B003 finds the name a field selector %s demands", (selector, expected) => {
    expect(brief("GET", `/api/v1/nodes?fieldSelector=${selector}`)).toBe(`list core/v1 nodes ns= ${expected}`);
    expect(brief("GET", `/api/v1/nodes?watch=1&fieldSelector=${selector}`)).toBe(`watch core/v1 nodes ns= ${expected}`);
  });

  it("B004 takes the old watch prefix as a watch", () => {
    expect(brief("GET", "/api/v1/watch/namespaces/a/pods/p")).toBe("watch core/v1 pods ns=a name=p!");
    expect(brief("GET", "/api/v1/watch/pods?fieldSelector=metadata.name%3Dp")).toBe("watch core/v1 pods ns= name=");
  });

  it.each(["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/openapi/v3/api/v1"])(
    "finds no resource in %s",
    (path) => {
      expect(brief("GET", path)).toBe(`get ${path}`);
    },
  );

  it("refuses bad encoding and methods no resource has", () => {
    expect(() => parseRequestInfo("GET", "/api/v1/nodes/%zz")).toThrow("not percent-encoded");
    expect(() => parseRequestInfo("OPTIONS", "/api/v1/nodes")).toThrow("options is not supported");
  });
});
