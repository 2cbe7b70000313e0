import { describe, expect, expectTypeOf, it } from "vitest";
import {
  ConfigMap,
  type Container,
  CustomResourceDefinition,
  Deployment,
  Event,
  EventsV1Event,
  Namespace,
  type Pod,
} from "./groups/index.ts";
import type { KubeObject } from "./object.ts";
import { type ObjectOf, type Resource, resourcePath } from "./resource.ts";

describe("built-in resources", () => {
  it("are values that address their kind", () => {
    expect(Deployment).toMatchObject({
      group: "apps",
      version: "v1",
      plural: "deployments",
      shortNames: ["deploy"],
      categories: ["all"],
      subresources: ["scale", "status"],
    });
    expect(resourcePath(ConfigMap, { namespace: "shop", name: "settings" })).toBe(
      "/api/v1/namespaces/shop/configmaps/settings",
    );
    expect(Namespace.scope).toBe("Cluster");
    expect(CustomResourceDefinition.group).toBe("apiextensions.k8s.io");
  });

  it("keep kinds of one name apart by group", () => {
    expect(Event.group).toBe("");
    expect(EventsV1Event.group).toBe("events.k8s.io");
  });

  it("type their objects", () => {
    expectTypeOf(Deployment).toEqualTypeOf<Resource<Deployment>>();
    expectTypeOf<ObjectOf<typeof Pod>>().toEqualTypeOf<Pod>();
    expectTypeOf<Pod>().toExtend<KubeObject>();
    expectTypeOf<NonNullable<Pod["spec"]>["containers"]>().toEqualTypeOf<readonly Container[]>();
    expectTypeOf<NonNullable<ConfigMap["data"]>>().toEqualTypeOf<Readonly<Record<string, string>>>();
    expectTypeOf<Container["imagePullPolicy"]>().toEqualTypeOf<"Always" | "IfNotPresent" | "Never" | undefined>();
    const pod: Pod = { spec: { containers: [{ name: "web", resources: { limits: { cpu: 2, memory: "1Gi" } } }] } };
    expect(pod.spec?.containers).toHaveLength(1);
    // @ts-expect-error objects are readonly
    pod.metadata = {};
    // @ts-expect-error a container has a name
    const nameless: Container = { image: "web:1" };
    expect(nameless.name).toBeUndefined();
  });
});
