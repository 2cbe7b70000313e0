import { describe, expect, expectTypeOf, it } from "vitest";
import { planFiles } from "../generate/plan.ts";
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

describe("the generator", () => {
  const object = (fields: object) => ({
    type: "object",
    typeMeta: true,
    fields: { metadata: { type: "ref", ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }, ...fields },
  });
  const resource = (group: string) => ({
    group,
    version: "v1",
    plural: "events",
    singular: "event",
    kind: "Event",
    namespaced: true,
  });
  const files = planFiles({
    kubernetesVersion: "1.0",
    groups: ["", "events.k8s.io"].map((group) => ({ group, versions: ["v1", "v2"], enabledByDefault: ["v1"] })),
    resources: [
      { ...resource(""), definition: "io.k8s.api.core.v1.Event" },
      { ...resource("events.k8s.io"), definition: "io.k8s.api.events.v1.Event" },
      { ...resource(""), version: "v2", definition: "io.k8s.api.core.v2.Event" },
    ],
    definitions: {
      "io.k8s.api.core.v1.Event": object({
        count: { type: "integer", required: true },
        "x-kind": { type: "string", enum: ["A", "B"] },
        seen: { type: "time" },
        until: { type: "time", pointer: true },
        amounts: { type: "map", items: { type: "quantity" } },
        ports: { type: "array", items: { type: "intOrString" } },
      }),
      "io.k8s.api.events.v1.Event": object({ related: { type: "ref", ref: "io.k8s.api.core.v1.Event" } }),
    },
  });

  it("prints fields by their types, in their order", () => {
    expect(files.get("core-v1.types.ts")).toContain(
      [
        "export interface Event extends KubeObject {",
        "  readonly count: number;",
        '  readonly "x-kind"?: "A" | "B";',
        "  readonly seen?: string | null;",
        "  readonly until?: string;",
        "  readonly amounts?: Readonly<Record<string, string | number>>;",
        "  readonly ports?: readonly (string | number)[];",
        "}",
      ].join("\n"),
    );
  });

  it("imports a type of another group under an alias where the name is taken", () => {
    expect(files.get("events-v1.types.ts")).toContain(
      'import type { Event as CoreV1Event } from "./core-v1.types.ts";',
    );
    expect(files.get("events-v1.types.ts")).toContain("readonly related?: CoreV1Event;");
    expect(files.get("index.ts")).toContain("Event as EventsV1Event,");
  });

  it("keeps types out of the files that programs load, and gives a kind one name for both", () => {
    expect(files.get("core-v1.ts")).not.toContain("interface");
    expect(files.get("core-v1.ts")).toContain(
      ["export type Event = types.Event;", "export const Event: Resource<Event> = {"].join("\n"),
    );
  });

  it("leaves out versions that servers do not enable", () => {
    expect([...files.keys()]).not.toContain("core-v2.ts");
    expect([...files.keys()]).not.toContain("core-v2.types.ts");
  });
});
