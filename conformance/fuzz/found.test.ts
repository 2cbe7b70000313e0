import { expect, it } from "vitest";
import { configMap, definition, deployment, widget } from "../api/objects.ts";
import { behaviours } from "../api/suite.ts";

const group = "found.example.com";

/** Requests that the fuzzer found granted, though no server may grant them. */
behaviours("requests the fuzzer found", (world) => {
  it("refuses a replacement, or a scale, that does not say what it replaces", async () => {
    const ns = await world.namespace();
    await world.api.make(`${ns.core}/configmaps`, configMap("a"));
    await world.api.make(`${ns.path("apps/v1")}/deployments`, deployment("d"));
    const answers = [
      await world.api.put(`${ns.core}/configmaps/a`, { data: { b: "c" } }),
      await world.api.put(`${ns.path("apps/v1")}/deployments/d/scale`, { metadata: {}, spec: { replicas: 0 } }),
    ];
    for (const { status, body } of answers)
      expect([status, body.message]).toEqual([400, expect.stringContaining("name must be provided")]);
  });

  it("B148 refuses to apply what does not say its version and kind", async () => {
    const ns = await world.namespace();
    for (const type of [{}, { apiVersion: "v1" }, { kind: "ConfigMap" }]) {
      const answer = await world.api.apply(
        `${ns.core}/configmaps/a`,
        { ...type, metadata: { name: "a" } } as never,
        "m",
      );
      expect([answer.status, answer.body.reason]).toEqual([400, "BadRequest"]);
    }
  });

  it("refuses a limit that no 64 bits hold", async () => {
    const ns = await world.namespace();
    const limit = (text: string) => world.api.get(`${ns.core}/configmaps?limit=${text}`);
    expect((await limit("9223372036854775807")).status).toBe(200);
    expect((await limit("9223372036854775808")).body).toMatchObject({ code: 400, reason: "BadRequest" });
  });

  it("refuses a time in the metadata of a custom object that is none", async () => {
    await world.define(definition(group));
    const ns = await world.namespace();
    const widgets = `${ns.path(`${group}/v1`)}/widgets`;
    const answer = await world.api.post(widgets, widget(group, "w", {}, { creationTimestamp: "yesterday" }));
    expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('parsing time "yesterday"')]);
    await world.api.make(widgets, widget(group, "w", {}, { creationTimestamp: null }));
  });
});
