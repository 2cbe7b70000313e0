import { type ApiError, isConflict, type JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { builtinKindType } from "../schema/builtin-types.ts";
import { managedFieldsOf } from "./managed-fields.ts";
import { applyConfiguration, recordUpdate } from "./updater.ts";

const deploymentType = builtinKindType("apps/v1", "Deployment")!;
const serviceType = builtinKindType("v1", "Service")!;
const now = "2026-01-01T00:00:00Z";

const deployment = (spec: JsonObject, container: JsonObject = {}): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", labels: { app: "web" } },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "web:1", ports: [{ containerPort: 80 }], ...container }] },
    },
    ...spec,
  },
});
const apply = (live: JsonObject | undefined, config: JsonObject, manager: string, force = false): JsonObject =>
  applyConfiguration({
    live,
    config,
    type: config["kind"] === "Service" ? serviceType : deploymentType,
    manager,
    apiVersion: String(config["apiVersion"]),
    now,
    force,
  }).object;
const owned = (object: JsonObject, manager: string): unknown =>
  ((managedFieldsOf(object) ?? []) as JsonObject[]).find((entry) => entry["manager"] === manager)?.["fieldsV1"];

describe("server-side apply of built-in kinds", () => {
  it("owns a Deployment as upstream does", () => {
    expect(owned(apply(undefined, deployment({ replicas: 2 }), "alice"), "alice")).toEqual({
      "f:metadata": { "f:labels": { "f:app": {} } },
      "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
          "f:metadata": { "f:labels": { "f:app": {} } },
          "f:spec": {
            "f:containers": {
              'k:{"name":"web"}': {
                ".": {},
                "f:image": {},
                "f:name": {},
                "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { ".": {}, "f:containerPort": {} } },
              },
            },
          },
        },
      },
    });
  });

  it("B144 lets an applier and an autoscaler conflict over replicas", () => {
    const live = recordUpdate({
      live: undefined,
      updated: deployment({ replicas: 2 }),
      type: deploymentType,
      manager: "kubectl-client-side-apply",
      apiVersion: "apps/v1",
      now,
    });
    let error: ApiError | undefined;
    try {
      apply(live, deployment({ replicas: 3 }), "alice");
    } catch (thrown) {
      if (isConflict(thrown)) error = thrown;
    }
    expect(error?.status.message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
    );
  });

  it("B102 names an undeclared field with the object", () => {
    expect(() => apply(undefined, deployment({ replicaz: 3 }), "alice")).toThrow(
      "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replicaz: field not declared in schema",
    );
  });

  it("adds a sidecar from another applier and takes it away again", () => {
    const sidecar: JsonObject = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default" },
      spec: {
        template: { spec: { containers: [{ name: "proxy", image: "proxy:1", env: [{ name: "A", value: "1" }] }] } },
      },
    };
    const alone = apply(undefined, deployment({}), "alice");
    const both = apply(alone, sidecar, "mesh");
    const names = (object: JsonObject): string[] =>
      (
        object as { spec: { template: { spec: { containers: { name: string }[] } } } }
      ).spec.template.spec.containers.map(({ name }) => name);
    expect(names(both)).toEqual(["web", "proxy"]);
    expect(names(apply(both, { ...sidecar, spec: {} }, "mesh"))).toEqual(["web"]);
  });

  it("B151 B163 keeps Service ports of one number and two protocols apart, taking TCP for granted", () => {
    const service = (...ports: JsonObject[]): JsonObject => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "dns" },
      spec: { ports },
    });
    const live = apply(
      undefined,
      service({ name: "dns", port: 53, protocol: "UDP" }, { name: "dns-tcp", port: 53 }),
      "alice",
    );
    expect(owned(live, "alice")).toEqual({
      "f:spec": {
        "f:ports": {
          'k:{"port":53,"protocol":"TCP"}': { ".": {}, "f:name": {}, "f:port": {} },
          'k:{"port":53,"protocol":"UDP"}': { ".": {}, "f:name": {}, "f:port": {}, "f:protocol": {} },
        },
      },
    });
    const next = apply(live, service({ name: "dns-tcp", port: 53, targetPort: 5353 }), "alice");
    expect(next["spec"]).toEqual({ ports: [{ name: "dns-tcp", port: 53, targetPort: 5353 }] });
    expect(() => apply(undefined, service({ port: 53 }, { port: 53, protocol: "TCP" }), "alice")).toThrow(
      /duplicate entries for key \[port=53,protocol="TCP"\]/,
    );
  });

  it("records an update of one status condition under its type", () => {
    const live = recordUpdate({
      live: undefined,
      updated: deployment({}),
      type: deploymentType,
      manager: "kubectl",
      apiVersion: "apps/v1",
      now,
    });
    const updated = { ...live, status: { conditions: [{ type: "Available", status: "True" }] } };
    const next = recordUpdate({
      live,
      updated,
      type: deploymentType,
      manager: "controller",
      apiVersion: "apps/v1",
      subresource: "status",
      now,
      reset: [["spec"]],
    });
    expect(owned(next, "controller")).toMatchObject({
      "f:status": { "f:conditions": { 'k:{"type":"Available"}': { ".": {}, "f:type": {}, "f:status": {} } } },
    });
  });
});
