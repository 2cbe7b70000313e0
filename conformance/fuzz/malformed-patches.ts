import type { Random } from "../support/random.ts";
import {
  collections,
  group,
  json,
  type MalformedRequest,
  type Malformer,
  notA,
  sent,
  withKept,
  word,
} from "./malformed.ts";

const types = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;
const kept = (random: Random): string => `${random.pick(withKept)}/kept`;
const configMap = `${collections.configMaps}/kept`;
const deployment = `${collections.deployments}/kept`;
const widget = `${collections.widgets}/kept`;
const asApplied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" } };

/** Patches that cannot be read, cannot be done, or lead to what may not be. */
export const malformedPatches: readonly Malformer[] = [
  {
    what: "a JSON patch",
    make: (random) =>
      sent(
        "PATCH",
        kept(random),
        random.pick([
          "[",
          json(notA("array", random)),
          json([notA("object", random)]),
          json([{ op: `no${word(random)}`, path: "/metadata" }]),
          json([{ op: "add", value: 1 }]),
          json([{ op: "remove", path: `/none/${word(random)}` }]),
          json([{ op: "replace", path: `/spec/no${word(random)}/x`, value: 1 }]),
          json([{ op: "test", path: "/metadata/name", value: `not-${word(random)}` }]),
          json([{ op: "move", from: `/no${word(random)}`, path: "/metadata/labels" }]),
          json([{ op: "copy", path: "/metadata/labels/a" }]),
          json([{ op: "add", path: `/metadata/name/${word(random)}/-/0`, value: 1 }]),
          json([{ op: "replace", path: "", value: notA("object", random) }]),
          json([{ op: "replace", path: "/metadata/name", value: `other-${word(random)}` }]),
          json([{ op: "replace", path: "/metadata/resourceVersion", value: "1" }]),
          json([{ op: "add", path: "/metadata/labels", value: { [`${word(random)} !`]: "a" } }]),
        ]),
        types.json,
      ),
  },
  {
    what: "more JSON operations than there may be",
    make: (random) =>
      sent(
        "PATCH",
        configMap,
        json(Array.from({ length: 10_001 + random.below(100) }, () => ({ op: "test", path: "/kind" }))),
        types.json,
      ),
  },
  {
    what: "a merge patch",
    make: (random) =>
      sent(
        "PATCH",
        kept(random),
        random.pick([
          "{",
          json(notA("object", random)),
          json({ metadata: { name: `other-${word(random)}` } }),
          json({ metadata: { resourceVersion: "1" } }),
          json({ metadata: notA("object", random) }),
          json({ metadata: { labels: { [`${word(random)}!`]: "a" } } }),
          json({ metadata: { labels: { a: notA("string", random) } } }),
          json({ kind: `No${word(random)}` }),
          json({ metadata: { uid: word(random) } }),
        ]),
        types.merge,
      ),
  },
  {
    what: "a strategic merge patch",
    make: (random) =>
      sent(
        "PATCH",
        deployment,
        random.pick([
          "{",
          json(notA("object", random)),
          json({ spec: { replicas: notA("number", random) } }),
          json({ spec: { replicas: -1 - random.below(9) } }),
          json({ spec: { $patch: `no${word(random)}`, replicas: 1 } }),
          json({ spec: { template: { spec: { containers: notA("array", random) } } } }),
          json({ spec: { template: { spec: { containers: [{ image: word(random) }] } } } }),
          json({ spec: { template: { spec: { $retainKeys: notA("array", random), hostname: "a" } } } }),
          json({ metadata: { name: `other-${word(random)}` } }),
          json({ spec: { selector: { matchLabels: { app: word(random) } } } }),
          json({ spec: { strategy: { type: word(random) } } }),
          json({ spec: { template: { spec: { containers: [{ name: "main", imagePullPolicy: word(random) }] } } } }),
        ]),
        types.strategic,
      ),
  },
  {
    what: "a strategic merge of what has no strategy",
    make: (random) => sent("PATCH", widget, json({ spec: { size: random.below(9) } }), types.strategic),
  },
  {
    what: "an apply",
    make: (random) => {
      const named = `${configMap}?fieldManager=${word(random)}`;
      return random.pick<MalformedRequest>([
        sent("PATCH", configMap, json({ ...asApplied, data: { a: word(random) } }), types.apply),
        sent("PATCH", named, json({ metadata: { name: "kept" } }), types.apply),
        sent("PATCH", named, json({ ...asApplied, kind: `No${word(random)}` }), types.apply),
        sent("PATCH", named, json({ ...asApplied, apiVersion: `${word(random)}.example.org/v1` }), types.apply),
        sent("PATCH", named, json({ ...asApplied, metadata: { name: `other-${word(random)}` } }), types.apply),
        sent(
          "PATCH",
          named,
          json({ ...asApplied, metadata: { name: "kept", managedFields: [{ manager: word(random) }] } }),
          types.apply,
        ),
        sent("PATCH", named, json({ ...asApplied, data: notA("object", random) }), types.apply),
        sent("PATCH", named, json({ ...asApplied, data: { k: `not-${word(random)}` } }), types.apply),
        sent("PATCH", named, json(notA("object", random)), types.apply),
        sent("PATCH", named, `{ ${word(random)}`, types.apply),
        sent("PATCH", `${named}&force=${word(random)}`, `{ ${word(random)}`, types.apply),
        sent("PATCH", `${configMap}?fieldManager=${"m".repeat(129)}`, json(asApplied), types.apply),
        sent("PATCH", `${configMap}?force=true`, "{}", types.merge),
        sent(
          "PATCH",
          `${widget}?fieldManager=m&force=true`,
          json({
            apiVersion: `${group}/v1`,
            kind: "Widget",
            metadata: { name: "kept" },
            spec: { size: notA("number", random) },
          }),
          types.apply,
        ),
      ]);
    },
  },
  {
    what: "a scale",
    make: (random) =>
      random.pick<MalformedRequest>([
        sent("PATCH", `${deployment}/scale`, json({ spec: { replicas: -1 - random.below(9) } }), types.merge),
        sent("PATCH", `${deployment}/scale`, json({ spec: { replicas: word(random) } }), types.merge),
        sent("PUT", `${deployment}/scale`, json({ kind: "Scale", apiVersion: "autoscaling/v1", metadata: {} })),
        sent("PUT", `${deployment}/scale`, json(notA("object", random))),
        { method: "GET", path: `${configMap}/scale` },
        { method: "GET", path: `${widget}/scale` },
      ]),
  },
];
