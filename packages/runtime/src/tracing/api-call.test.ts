import { expect, test } from "vitest";
import { apiCallOf } from "./api-call.ts";

test.each([
  ["GET", "/api/v1/namespaces/demo/pods/a", "get", "pods", "demo", "a"],
  ["GET", "/api/v1/namespaces/demo/pods/a/log?tail=1", "get", "pods/log", "demo", "a"],
  ["GET", "/api/v1/namespaces/demo/pods?limit=1", "list", "pods", "demo", undefined],
  ["GET", "/apis/apps/v1/deployments", "list", "deployments.apps", undefined, undefined],
  ["POST", "/apis/apps/v1/namespaces/demo/deployments", "create", "deployments.apps", "demo", undefined],
  ["PUT", "/apis/apps/v1/namespaces/demo/deployments/a/status", "update", "deployments.apps/status", "demo", "a"],
  ["DELETE", "/apis/apps/v1/namespaces/demo/deployments/a", "delete", "deployments.apps", "demo", "a"],
  ["DELETE", "/api/v1/namespaces/demo/pods", "deletecollection", "pods", "demo", undefined],
  ["PATCH", "/api/v1/nodes/n1", "patch", "nodes", undefined, "n1"],
  ["GET", "/api/v1/namespaces/demo", "get", "namespaces", undefined, "demo"],
  ["PUT", "/api/v1/namespaces/demo/finalize", "update", "namespaces/finalize", undefined, "demo"],
  ["GET", "/version", "get", undefined, undefined, undefined],
])("takes %s %s apart", (method, path, verb, resource, namespace, name) => {
  expect(apiCallOf({ method, path })).toMatchObject({ verb, resource, namespace, name, watch: false });
});

test("tells apply from other patches, and watches from lists", () => {
  const headers = { "content-type": "application/apply-patch+yaml" };
  expect(apiCallOf({ method: "PATCH", path: "/api/v1/nodes/n1", headers }).verb).toBe("apply");
  expect(apiCallOf({ method: "GET", path: "/api/v1/pods?limit=1&watch=true" }).watch).toBe(true);
  expect(apiCallOf({ method: "GET", path: "/api/v1/pods?labelSelector=watch%3D1" }).watch).toBe(false);
});
