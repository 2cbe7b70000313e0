import { describe, expect, test } from "vitest";
import {
  annotationRows,
  auto,
  match,
  type Situation,
  search,
  unrelated,
  using,
} from "../../test/annotation-rows.test-support.ts";
import { defaultAnnotationKeys as keys } from "./annotation-keys.ts";
import { decide } from "./decide.ts";
import { readRules, type WorkloadFacts } from "./workload-rules.ts";

function outcome(situation: Situation) {
  const { on = {}, template = {}, finished = false } = situation;
  const workload: WorkloadFacts = {
    kind: "Deployment",
    annotations: on,
    templateAnnotations: template,
    podSpec: situation.pod ?? using,
  };
  const rules = readRules(workload, { keys, autoReloadAll: situation.autoReloadAll ?? false });
  const changed = situation.changed ?? { kind: "ConfigMap", name: "app" };
  const facts = { ...changed, namespace: "default", labels: {}, annotations: situation.resource ?? {} };
  return { decision: decide(rules, facts, { keys, finished }), faults: rules.faults.map(({ reason }) => reason) };
}

describe("decision by annotations", () => {
  test.each(annotationRows)("row %s: %s: reloads: %s", (_, __, reload, situation) => {
    const { decision, faults } = outcome(situation);
    expect(decision).toMatchObject(reload ? { reload, container: situation.container ?? "main" } : { reload });
    expect([...new Set(faults)]).toEqual(situation.warns ?? []);
  });

  test("a refusal says why in words for people", () => {
    expect(outcome({ on: { [auto]: "true" }, pod: unrelated }).decision).toEqual({
      reload: false,
      why: "no container gets anything from it",
      remedy: "unreferenced",
    });
    expect(outcome({ on: { [search]: "true" } }).decision).toEqual({
      reload: false,
      why: `it does not carry ${match}`,
      remedy: "unmatched",
    });
  });
});
