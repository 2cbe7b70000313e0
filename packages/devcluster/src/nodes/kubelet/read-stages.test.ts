import { describe, expect, test } from "vitest";
import { readStages } from "./read-stages.ts";

const head =
  "apiVersion: kwok.x-k8s.io/v1alpha1\nkind: Stage\nmetadata: {name: s, annotations: {dev.homeostat/behavior: crash}}";
const withSpec = (spec: string): string => `${head}\nspec: {resourceRef: {apiGroup: v1, kind: Pod}, ${spec}}\n`;

test("stages of KWOK are read by their labels, weights and delays", async () => {
  const text = `
${head}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchLabels: {app: web}
    matchExpressions:
      - {key: '.metadata.labels["tier"]', operator: In, values: [front]}
      - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
      - {key: .status.phase, operator: In, values: [Running]}
  weight: 3
  delay: {durationMilliseconds: 1000, jitterDurationMilliseconds: 5000}
  next: {statusTemplate: "phase: Failed"}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: late}
spec:
  resourceRef: {kind: Pod}
  delay: {durationMilliseconds: 2000}
---
`;
  expect(await readStages(text)).toEqual([
    {
      name: "s",
      selector: {
        matchLabels: { app: "web" },
        matchExpressions: [{ key: "tier", operator: "In", values: ["front"] }],
      },
      weight: 3,
      delayMs: 1_000,
      jitterMs: 4_000,
      behavior: "crash",
    },
    { name: "late", delayMs: 2_000 },
  ]);
  expect(await readStages("")).toEqual([]);
});

describe("a stage is refused with its field when", () => {
  test.each([
    [
      "it is another kind of object",
      "kind: Pod",
      "document 1: expected apiVersion kwok.x-k8s.io/v1alpha1 and kind Stage",
    ],
    ["it is no YAML", "a: [", "document 1: "],
    ["it is about nodes", `${head}\nspec: {resourceRef: {apiGroup: v1, kind: Node}}`, "spec.resourceRef"],
    ["it chooses by annotations", withSpec("selector: {matchAnnotations: {a: b}}"), "spec.selector.matchAnnotations"],
    [
      "it chooses by another field",
      withSpec("selector: {matchExpressions: [{key: .spec.hostNetwork, operator: Exists}]}"),
      "spec.selector.matchExpressions[0].key: .spec.hostNetwork is no label",
    ],
    ["its delay is computed", withSpec("delay: {durationFrom: {expressionFrom: x}}"), "spec.delay.durationFrom"],
    ["its weight is no number", withSpec("weight: much"), 'spec.weight: "much" is no whole number'],
    [
      "its effect is a template only",
      withSpec("next: {statusTemplate: x}").replace("dev.homeostat/behavior", "other"),
      "stage s: spec.next: templates are not read here",
    ],
  ])("%s", async (_, text, message) => {
    await expect(readStages(text)).rejects.toThrow(message);
  });
});
