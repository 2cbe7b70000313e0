import { describe, expect, test } from "vitest";
import { accessOf } from "./access.ts";

describe("the access of a request", () => {
  test.each([
    ["GET", "/api/v1/namespaces/demo/configmaps/a", "get configmaps demo a"],
    ["GET", "/api/v1/configmaps", "list configmaps - -"],
    ["GET", "/apis/apps/v1/namespaces/demo/deployments?watch=1&resourceVersion=5", "watch deployments.apps demo -"],
    ["GET", "/api/v1/namespaces/demo/secrets?fieldSelector=metadata.name%3Dtls&watch=true", "watch secrets demo tls"],
    ["GET", "/api/v1/namespaces/demo/secrets?fieldSelector=type%3DOpaque", "list secrets demo -"],
    ["POST", "/apis/events.k8s.io/v1/namespaces/demo/events", "create events.events.k8s.io demo -"],
    [
      "PATCH",
      "/apis/example.com/v1/namespaces/demo/widgets/a/status?force=true",
      "patch widgets/status.example.com demo a",
    ],
    ["PUT", "/api/v1/namespaces/demo", "update namespaces demo demo"],
    ["PUT", "/api/v1/namespaces/demo/finalize", "update namespaces/finalize demo demo"],
    ["DELETE", "/api/v1/nodes/n1", "delete nodes - n1"],
    ["DELETE", "/api/v1/namespaces/demo/pods?labelSelector=a", "deletecollection pods demo -"],
    ["POST", "/api/v1/namespaces/demo/pods/a/eviction", "create pods/eviction demo a"],
  ])("reads %s %s", (method, path, expected) => {
    const { verb, group, resource, namespace = "-", name = "-" } = accessOf({ method, path })!;
    expect(`${verb} ${group === "" ? resource : `${resource}.${group}`} ${namespace} ${name}`).toBe(expected);
  });

  test.each(["/version", "/healthz", "/apis", "/apis/apps/v1", "/api/v1", "/openapi/v3"])(
    "finds none in %s",
    (path) => {
      expect(accessOf({ method: "GET", path })).toBeUndefined();
    },
  );
});
