import { configMap, deployment, pod, widget } from "../api/objects.ts";
import type { Random } from "../support/random.ts";
import {
  badName,
  bytes,
  collections,
  group,
  json,
  type MalformedRequest,
  type Malformer,
  notA,
  sent,
  word,
} from "./malformed.ts";

const creations = (random: Random) =>
  random.pick([
    [collections.configMaps, configMap(`x-${word(random)}`, { a: "b" })],
    [collections.pods, pod(`x-${word(random)}`)],
    [collections.deployments, deployment(`x-${word(random)}`)],
    [collections.widgets, widget(group, `x-${word(random)}`, { size: 1 })],
  ] as const);

/** A magic number and bytes of which the first can start no field. */
function brokenProtobuf(random: Random): Uint8Array {
  const start = random.chance(0.3) ? bytes(random, 4) : [0x6b, 0x38, 0x73, 0];
  return Uint8Array.from([...start, random.pick([0x07, 0x0f, 0x17, 0x1f]), ...bytes(random)]);
}

const deep = (random: Random): string => {
  const [open, close] = random.pick([
    ["[", "]"],
    ['{"a":', "}"],
  ]);
  const levels = 10_500 + random.below(20_000);
  return `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","annotations":${open!.repeat(levels)}1${close!.repeat(levels)}}}`;
};

/** Bodies that cannot be read, or say something else than they should. */
export const malformedBodies: readonly Malformer[] = [
  {
    what: "a body that ends too early",
    make: (random) => {
      const [path, object] = creations(random);
      const whole = json(object);
      return sent(
        "POST",
        path,
        whole.slice(0, 1 + random.below(whole.length - 1)),
        random.pick(["application/json", "application/yaml"]),
      );
    },
  },
  {
    what: "a body that is no object",
    make: (random) => sent("POST", creations(random)[0], json(notA("object", random))),
  },
  {
    what: "bytes that are no text",
    make: (random) => sent("POST", creations(random)[0], Uint8Array.from([0xff, ...bytes(random)]), "application/json"),
  },
  {
    what: "broken protobuf",
    make: (random) =>
      sent("POST", collections.configMaps, brokenProtobuf(random), "application/vnd.kubernetes.protobuf"),
  },
  {
    what: "protobuf for a kind that has none",
    make: (random) => sent("POST", collections.widgets, brokenProtobuf(random), "application/vnd.kubernetes.protobuf"),
  },
  { what: "no end of nesting", make: (random) => sent("POST", collections.configMaps, deep(random)) },
  {
    what: "a YAML body of aliases, tags or tabs",
    make: (random) =>
      sent(
        "POST",
        collections.configMaps,
        random.pick([
          `a: &a [*a, *a]\nb: *${word(random)}`,
          `\tkind: ConfigMap`,
          `kind: ConfigMap\n kind: ${word(random)}`,
          `!!js/function ${word(random)}: {`,
          `- ${word(random)}\n- b`,
          `"${word(random)}`,
          `a: b: c: ${word(random)}`,
        ]),
        "application/yaml",
      ),
  },
  {
    what: "another kind, group or version",
    make: (random) => {
      const [path, object] = creations(random);
      const damage = random.pick<Record<string, unknown>>([
        { kind: `No${word(random)}` },
        { apiVersion: `${word(random)}.example.org/v1` },
        { apiVersion: `a/b/${word(random)}` },
        { kind: "Status", apiVersion: "v1" },
      ]);
      return sent("POST", path, json({ ...(object as object), ...damage }));
    },
  },
  {
    what: "metadata",
    make: (random) => {
      const [path, object] = creations(random);
      const metadata = random.pick<unknown>([
        notA("object", random),
        { name: badName(random) },
        { name: notA("string", random) },
        {},
        { name: `x-${word(random)}`, namespace: `other-${word(random)}` },
        { name: `x-${word(random)}`, labels: { [`${word(random)} ${word(random)}`]: "a" } },
        { name: `x-${word(random)}`, labels: { a: `${word(random)}!` } },
        { name: `x-${word(random)}`, labels: { a: notA("string", random) } },
        { name: `x-${word(random)}`, annotations: { [`${word(random)}/a/b`]: "a" } },
        { name: `x-${word(random)}`, annotations: { a: "x".repeat(262_145) } },
        { name: `x-${word(random)}`, ownerReferences: [{ kind: word(random) }] },
        { name: `x-${word(random)}`, ownerReferences: notA("array", random) },
        { name: `x-${word(random)}`, finalizers: [`${word(random)} !`] },
        { name: `x-${word(random)}`, finalizers: [notA("string", random)] },
        { name: `x-${word(random)}`, creationTimestamp: word(random) },
        { name: `x-${word(random)}`, generateName: notA("string", random) },
        { generateName: `${word(random)}_` },
      ]);
      return sent("POST", path, json({ ...(object as object), metadata }));
    },
  },
  {
    what: "an unknown or doubled field, where the client is strict",
    make: (random) => {
      const [path, object] = creations(random);
      const strict = `${path}?fieldValidation=Strict`;
      const whole = json(object);
      if (random.chance(0.5)) return sent("POST", strict, `{"kind":"a",${whole.slice(1)}`);
      return sent("POST", strict, json({ ...(object as object), [`no${word(random)}`]: 1 }));
    },
  },
  { what: "the content of an object", make: (random) => random.pick(contents)(random) },
  {
    what: "a replacement that does not fit",
    make: (random) => {
      const path = `${collections.configMaps}/kept`;
      return random.pick<MalformedRequest>([
        sent("PUT", path, json(configMap(`other-${word(random)}`))),
        sent("PUT", `${collections.configMaps}/none-${word(random)}`, json(configMap("x"))),
        sent("PUT", path, json(configMap("kept", {}, { resourceVersion: String(1 + random.below(2)) }))),
        sent("PUT", path, json(configMap("kept", {}, { uid: word(random) }))),
        sent("PUT", path, json(configMap("kept", {}, { namespace: `n${word(random)}` }))),
        sent("PUT", path, json(notA("object", random))),
        sent("PUT", path, "{"),
      ]);
    },
  },
];

type Content = (random: Random) => MalformedRequest;

const inContainer =
  (field: (random: Random) => object): Content =>
  (random) =>
    sent(
      "POST",
      collections.pods,
      json(pod(`x-${word(random)}`, { containers: [{ name: "main", image: "i", ...field(random) }] })),
    );
const inDeployment =
  (spec: (random: Random) => object): Content =>
  (random) =>
    sent("POST", collections.deployments, json(deployment(`x-${word(random)}`, spec(random))));
const inWidget =
  (spec: (random: Random) => object): Content =>
  (random) =>
    sent("POST", collections.widgets, json(widget(group, `x-${word(random)}`, spec(random))));
const inService =
  (spec: (random: Random) => object): Content =>
  (random) =>
    sent("POST", collections.services, json({ metadata: { name: `x-${word(random)}` }, spec: spec(random) }));

const contents: readonly Content[] = [
  inContainer((random) => ({ name: badName(random) })),
  inContainer((random) => ({ name: notA("string", random) })),
  inContainer((random) => ({ ports: [{ containerPort: random.pick([0, -1, 65_536 + random.below(1e6)]) }] })),
  inContainer((random) => ({ ports: notA("array", random) })),
  inContainer((random) => ({ imagePullPolicy: `No${word(random)}` })),
  inContainer((random) => ({ resources: { limits: { cpu: `${word(random)}1` } } })),
  inContainer((random) => ({
    resources: { requests: { memory: "2" }, limits: { memory: "1", cpu: `${word(random)}x` } },
  })),
  inContainer((random) => ({ env: [{ name: "", value: word(random) }] })),
  inContainer((random) => ({ env: [{ name: "A", value: notA("string", random) }] })),
  inContainer((random) => ({ volumeMounts: [{ name: `none-${word(random)}`, mountPath: "/x" }] })),
  inContainer((random) => ({ livenessProbe: { httpGet: { path: "/", port: -random.below(100) } } })),
  (random) => sent("POST", collections.pods, json(pod(`x-${word(random)}`, { containers: [] }))),
  (random) => sent("POST", collections.pods, json(pod(`x-${word(random)}`, { restartPolicy: word(random) }))),
  (random) => sent("POST", collections.pods, json(pod(`x-${word(random)}`, { nodeSelector: notA("object", random) }))),
  inDeployment((random) => ({ replicas: random.pick([-1 - random.below(9), notA("number", random), 1.5, 2 ** 40]) })),
  inDeployment((random) => ({ selector: { matchLabels: { app: `other-${word(random)}` } } })),
  inDeployment((random) => ({ selector: random.pick([{}, notA("object", random)]) })),
  inDeployment((random) => ({
    selector: { matchExpressions: [{ key: "app", operator: word(random), values: ["a"] }] },
  })),
  inDeployment((random) => ({ strategy: { type: word(random) } })),
  inDeployment((random) => ({ strategy: { rollingUpdate: { maxSurge: `${word(random)}%` } } })),
  inDeployment((random) => ({ template: notA("object", random) })),
  inDeployment(() => ({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } })),
  inWidget((random) => ({ size: random.pick([notA("number", random), -1 - random.below(1e6), 1.5]) })),
  inWidget((random) => ({ color: random.pick([`no${word(random)}`, 1, []]) })),
  inWidget(() => ({ tags: ["same", "same"] })),
  inWidget((random) => ({ tags: notA("array", random) })),
  inWidget((random) => ({ nested: { on: notA("boolean", random) } })),
  inService((random) => ({ ports: [{ port: random.pick([0, -1, 65_536 + random.below(1e5)]) }] })),
  inService((random) => ({ ports: [{ port: 80, protocol: word(random) }] })),
  inService((random) => ({ ports: [{ port: 80 }], type: word(random) })),
  inService((random) => ({ ports: [{ port: 80 }], clusterIP: word(random) })),
  inService((random) => ({ ports: [{ port: 80 }], selector: notA("object", random) })),
  (random) =>
    sent("POST", collections.configMaps, json({ ...configMap(`x-${word(random)}`), data: notA("object", random) })),
  (random) =>
    sent(
      "POST",
      collections.configMaps,
      json({ ...configMap(`x-${word(random)}`), data: { [`${word(random)} !`]: "a" } }),
    ),
  (random) =>
    sent(
      "POST",
      collections.configMaps,
      json({ ...configMap(`x-${word(random)}`), binaryData: { a: `!${word(random)}` } }),
    ),
  (random) =>
    sent(
      "POST",
      collections.clusterRoles,
      json({ metadata: { name: `x-${word(random)}` }, rules: [{ verbs: notA("array", random) }] }),
    ),
  (random) =>
    sent(
      "POST",
      collections.leases,
      json({ metadata: { name: `x-${word(random)}` }, spec: { renewTime: word(random) } }),
    ),
  (random) =>
    sent(
      "POST",
      collections.leases,
      json({ metadata: { name: `x-${word(random)}` }, spec: { leaseDurationSeconds: -1 - random.below(100) } }),
    ),
];
