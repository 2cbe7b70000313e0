import type { Json } from "@homeostat/api";
import { beforeAll, describe, expect, test } from "vitest";
import { Bindings } from "../expressions/bindings.ts";
import { Evaluator } from "../expressions/evaluator.ts";
import { testWorld } from "../world.test-support.ts";
import { assertTree } from "./assert-tree.ts";
import { HardError } from "./match-values.ts";

let evaluator: Evaluator;
beforeAll(async () => {
  evaluator = await Evaluator.create(testWorld());
});

const run = (tree: Json, value: Json, bindings = Bindings.none): Promise<string[]> =>
  evaluator.settle(() => assertTree(tree, value, bindings, { evaluator }));

const pod = {
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    replicas: 3,
    containers: [
      { name: "a", image: "nginx:1" },
      { name: "b", image: "nginx:2" },
    ],
    host: null,
  },
  status: {
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Synced", status: "False" },
    ],
  },
};

describe("an assertion tree holds when", () => {
  test.each<[string, Json]>([
    ["fields are a subset", { metadata: { labels: { app: "web" } } }],
    ["a list has the same elements", { spec: { containers: [{ name: "a" }, { image: "nginx:2" }] } }],
    ["an expression says so", { "(length(spec.containers))": 2 }],
    ["a comparison is true", { "(spec.replicas > `2`)": true }],
    ["a filter leaves one", { status: { "(conditions[?type == 'Ready'])": [{ status: "True" }] } }],
    ["each element fits", { spec: { "~.containers": { "(starts_with(image, 'nginx'))": true } } }],
    ["each chosen element fits", { "~.(spec.containers[?name == 'a'])": { image: "nginx:1" } }],
    ["indexes are bound", { spec: { "~at.containers": { "(name == at(['a', 'b'], $at))": true } } }],
    ["keys of a map are bound", { metadata: { "~key.labels": { "($key)": "app" } } }],
    ["a value is named", { "spec->whole": { "($whole.replicas)": 3 } }],
    ["an expression is named", { spec: { "(containers[0])->first": { "($first.name)": "a" } } }],
    ["the expected is an expression of the value", { spec: { replicas: "(@)" } }],
    ["null is there and expected", { spec: { host: null } }],
    ["a number is written as text", { spec: { replicas: "3" } }],
    ["an escaped key is a literal", { metadata: { labels: { "\\app\\": "web" } } }],
    ["an empty map meets something", { metadata: {} }],
    ["the expected list is computed", { "(spec.containers[].name)": "(['a', 'b'])" }],
    ["the language is named", { "(jp; spec.replicas)": 3, "(cel; object.spec.replicas == 3)": true }],
  ])("%s", async (_, tree) => {
    expect(await run(tree, pod)).toEqual([]);
  });

  test("an escaped value looks like an expression", async () => {
    expect(await run({ a: "\\(b)\\" }, { a: "(b)" })).toEqual([]);
  });
});

describe("an assertion tree tells", () => {
  test.each<[string, Json, RegExp]>([
    [
      "a wrong value, with its path",
      { spec: { containers: [{}, { image: "x" }] } },
      /^spec\.containers\[1\]\.image: Invalid value: "nginx:2": Expected value: "x"$/,
    ],
    ["a missing field", { spec: { paused: null } }, /^spec\.paused: Required value/],
    ["lists of other lengths", { spec: { containers: [{}] } }, /expected 1, found 2/],
    ["a list that is null", { spec: { host: [1] } }, /value is null/],
    ["null for an empty map", { spec: { host: {} } }, /must not be null/],
    ["a false comparison", { "(spec.replicas > `3`)": true }, /Expected value: true/],
    ["a field below null", { spec: { host: { a: 1 } } }, /spec\.host\.a: Required value/],
  ])("%s", async (_, tree, text) => {
    expect(await run(tree, pod)).toEqual([expect.stringMatching(text)]);
  });

  test("all that is wrong", async () => {
    expect(await run({ spec: { replicas: 4, paused: true } }, pod)).toHaveLength(2);
  });
});

describe("an assertion tree gives up at once on", () => {
  test.each<[string, Json]>([
    ["a field of text", { metadata: { name: { first: "w" } } }],
    ["elements of text", { metadata: { "~.name": "w" } }],
    ["a list where there is a map", { metadata: [1] }],
    ["types that cannot be compared", { metadata: { name: 4 } }],
    ["a function of the wrong type", { "(length(spec.nothing))": 0 }],
    ["an undefined variable", { "($nothing)": 0 }],
    ["a syntax error", { "(a[)": 0 }],
    ["a foreach among expected values", { metadata: { name: "~.(a)" } }],
  ])("%s", async (_, tree) => {
    await expect(run(tree, pod)).rejects.toThrow(HardError);
  });
});
