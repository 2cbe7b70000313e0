import type { JsonObject } from "@homeostat/api";
import { definition } from "../api/objects.ts";
import type { Random } from "../support/random.ts";
import { collections, json, type Malformer, notA, sent, text, word } from "./malformed.ts";

/** What a schema may not be. */
const schemas: readonly ((random: Random) => unknown)[] = [
  (random) => notA("object", random),
  () => ({ type: "object", properties: { a: {} } }),
  (random) => ({ type: `no${word(random)}` }),
  (random) => ({ type: "object", properties: { a: { type: "string", pattern: `(${word(random)}` } } }),
  () => ({ type: "object", properties: { a: { type: "array" } } }),
  () => ({ type: "object", properties: { a: { type: "array", items: [{ type: "string" }] } } }),
  () => ({ type: "object", properties: { a: { type: "string" } }, additionalProperties: true }),
  () => ({ type: "object", additionalProperties: false, properties: { a: { type: "string" } } }),
  () => ({ type: "object", properties: { a: { type: "array", uniqueItems: true, items: { type: "string" } } } }),
  (random) => ({ type: "object", properties: { a: { $ref: `#/${word(random)}` } } }),
  (random) => ({ type: "object", properties: { a: { type: "integer", default: word(random) } } }),
  () => ({ type: "object", anyOf: [{ properties: { a: { type: "string", description: "no" } } }] }),
  () => ({
    type: "object",
    properties: { a: { type: "array", "x-kubernetes-list-type": "map", items: { type: "object" } } },
  }),
  (random) => ({
    type: "object",
    properties: { a: { type: "array", "x-kubernetes-list-type": word(random), items: { type: "string" } } },
  }),
  () => ({ type: "object", "x-kubernetes-preserve-unknown-fields": false }),
  () => ({ type: "object", properties: { a: { type: "string", "x-kubernetes-int-or-string": true } } }),
  () => ({ type: "object", properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } } }),
  (random) => ({ type: "object", "x-kubernetes-validations": [{ rule: `self.no${word(random)} == 1` }] }),
  (random) => ({ type: "object", "x-kubernetes-validations": [{ rule: `${word(random)} (` }] }),
  () => ({ type: "object", "x-kubernetes-validations": [{ rule: "1 + 1" }] }),
  () => ({ type: "object", "x-kubernetes-validations": [{ rule: "" }] }),
  (random) => ({ type: "object", "x-kubernetes-validations": [{ rule: "true", reason: word(random) }] }),
  (random) => ({ type: "object", "x-kubernetes-validations": notA("array", random) }),
];

type Change = (crd: { metadata: { name: string }; spec: Record<string, unknown> }, random: Random) => void;

/** What is wrong beside the schema. */
const changes: readonly Change[] = [
  (crd, random) => (crd.metadata.name = `${word(random)}.wrong.example.com`),
  (crd, random) => (crd.spec["group"] = random.pick(["", word(random).toUpperCase(), notA("string", random)])),
  (crd, random) => (crd.spec["scope"] = random.pick(["", word(random)])),
  (crd, random) => (crd.spec["names"] = random.pick([{}, notA("object", random), { plural: "widgets" }])),
  (crd, random) => (crd.spec["names"] = { plural: "widgets", kind: `no ${text(random)}` }),
  (crd, random) => (crd.spec["versions"] = random.pick([[], [{}], [notA("object", random)], notA("array", random)])),
  (crd) => (crd.spec["versions"] = [versionOf(crd), versionOf(crd)]),
  (crd) => (crd.spec["versions"] = [{ ...versionOf(crd), storage: false }]),
  (crd, random) => (crd.spec["versions"] = [{ ...versionOf(crd), name: `V ${word(random)}` }]),
  (crd, random) => (crd.spec["versions"] = [{ ...versionOf(crd), schema: random.pick([{}, notA("object", random)]) }]),
  (crd, random) =>
    (crd.spec["versions"] = [
      { ...versionOf(crd), additionalPrinterColumns: [{ name: word(random), type: word(random), jsonPath: "spec" }] },
    ]),
  (crd, random) =>
    (crd.spec["versions"] = [
      { ...versionOf(crd), subresources: { scale: { specReplicasPath: word(random), statusReplicasPath: ".x" } } },
    ]),
  (crd, random) =>
    (crd.spec["versions"] = [{ ...versionOf(crd), selectableFields: [{ jsonPath: `.no${word(random)}` }] }]),
  (crd) => (crd.spec["preserveUnknownFields"] = true),
  (crd, random) => (crd.spec["conversion"] = { strategy: random.pick(["Webhook", word(random)]) }),
  ...schemas.map(
    (schema): Change =>
      (crd, random) =>
        (crd.spec["versions"] = [{ ...versionOf(crd), schema: { openAPIV3Schema: schema(random) } }]),
  ),
];

const versionOf = (crd: { spec: Record<string, unknown> }): JsonObject => (crd.spec["versions"] as JsonObject[])[0]!;

export const malformedDefinitions: readonly Malformer[] = [
  {
    what: "a definition of a kind",
    make: (random) => {
      const crd = structuredClone(definition(`${word(random)}.fuzzed.example.com`));
      random.pick(changes)(crd as never, random);
      return sent("POST", collections.definitions, json(crd));
    },
  },
];
