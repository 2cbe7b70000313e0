import { ConfigMap, defineResource, type KubeObject, type ObjectOf } from "@homeostat/api";
import { controllerFor, type DesiredDefinition, type Logger } from "@homeostat/runtime";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { configMap, startCluster } from "./kit/with-cluster.test-support.ts";

const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ text: z.string() }),
  status: z.object({ phase: z.string().optional() }),
});
type Greeting = ObjectOf<typeof Greeting>;

/** Throws for one object and works for all others, as bugs do. */
function unlessBroken<R>(name: string | undefined, result: R): R {
  if (name === "broken") throw new Error("a bug of the operator");
  return result;
}

const parts: DesiredDefinition<Greeting> = {
  children: [ConfigMap],
  desired: ({ metadata }) => [configMap(metadata.name) as KubeObject],
  status: () => ({ phase: "Ready" }),
};
const builder = () => controllerFor(Greeting);

describe("an operator with a bug", () => {
  test.for([
    [
      "predicate",
      builder()
        .withPredicates(({ object }) => unlessBroken(object.metadata.name, true))
        .desired(parts),
    ],
    [
      "map function",
      builder()
        .watches(ConfigMap, (map) => unlessBroken(map.metadata.name, []))
        .desired(parts),
    ],
    [
      "desired",
      builder().desired({ ...parts, desired: (app) => unlessBroken(app.metadata.name, parts.desired(app, undefined)) }),
    ],
    [
      "inputs",
      builder().desired({ ...parts, inputs: async ({ object }) => unlessBroken(object.metadata.name, undefined) }),
    ],
    ["status", builder().desired({ ...parts, status: (app) => unlessBroken(app.metadata.name, { phase: "Ready" }) })],
  ] as const)("in its %s says so and goes on with other objects", async ([, controller]) => {
    const errors: string[] = [];
    const log: Logger = {
      debug() {},
      info() {},
      warn() {},
      error: (fields) => void errors.push(String((fields["err"] as Error | undefined)?.message)),
      child: () => log,
    };
    const cluster = await startCluster({ controllers: "none" });
    await cluster.run({ name: "greeter", resources: [Greeting], controllers: [controller] }, { log });
    for (const name of ["broken", "whole"])
      await cluster.client.create(
        Greeting,
        Greeting.object({ metadata: { name, namespace: "default" }, spec: { text: "hi" } }),
      );
    await cluster.client.apply(ConfigMap, configMap("broken"), { fieldManager: "a person", force: true });
    await cluster.clock.advance(60_000);
    const whole = await cluster.client.get(Greeting, { namespace: "default", name: "whole" });
    expect(whole.status?.phase).toBe("Ready");
    expect(new Set(errors)).toEqual(new Set(["a bug of the operator"]));
  });
});
