import { expect, it } from "vitest";
import { configMap, definition, deployment, pod, widget } from "../api/objects.ts";
import { behaviours } from "../api/suite.ts";

const group = "found.example.com";

/** What the fuzzer, the random writes and the catalogue of kubectl found wrong once. */
behaviours("what was found wrong once", (world) => {
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

  it("B153 puts what admission sets down to nobody, so that an apply does not take it away", async () => {
    const ns = await world.namespace();
    const made = await world.api.make(`${ns.core}/pods`, pod("p"));
    expect(made.spec.tolerations.length).toBeGreaterThan(0);
    const owned = JSON.stringify(made.metadata.managedFields);
    expect([owned.includes("f:containers"), owned.includes("f:tolerations"), owned.includes("f:priority")]).toEqual([
      true,
      false,
      false,
    ]);
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

behaviours("registrations that could not be held against anything", (world) => {
  const group = "/apis/admissionregistration.k8s.io/v1";
  const bad = { matchExpressions: [{ key: "a", operator: "Odd", values: ["b"] }] };
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] };

  it.for([
    ["validatingadmissionpolicybindings", { policyName: "p", validationActions: ["Deny"] }],
    ["mutatingadmissionpolicybindings", { policyName: "p" }],
  ] as const)("a selector is refused in %s, and later writes go on", async ([plural, spec]) => {
    for (const field of ["namespaceSelector", "objectSelector"]) {
      const answer = await world.api.post(`${group}/${plural}`, {
        metadata: { name: "b" },
        spec: { ...spec, matchResources: { [field]: bad, resourceRules: [rule] } },
      });
      expect([answer.status, answer.body.details?.causes[0].field]).toEqual([
        422,
        `spec.matchResources.${field}.matchExpressions[0].operator`,
      ]);
    }
    await world.namespace();
  });

  it("a selector is refused in a policy as well", async () => {
    const answer = await world.api.post(`${group}/validatingadmissionpolicies`, {
      metadata: { name: "p" },
      spec: {
        matchConstraints: { namespaceSelector: bad, resourceRules: [rule] },
        validations: [{ expression: "true" }],
      },
    });
    expect([answer.status, answer.body.details?.causes[0].field]).toEqual([
      422,
      "spec.matchConstraints.namespaceSelector.matchExpressions[0].operator",
    ]);
  });
});
