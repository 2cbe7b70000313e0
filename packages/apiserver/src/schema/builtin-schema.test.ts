import type { JsonObject } from "@homeostat/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allTypes, factsFolder, goldenPairs, hasFacts } from "../../generate/facts.ts";
import { decodeBuiltin } from "./builtin-schema.ts";
import { builtinTypes } from "./builtin-types.ts";

const DEPLOYMENT = "io.k8s.api.apps.v1.Deployment";
const POD = "io.k8s.api.core.v1.Pod";

/** Decodes a copy and returns it with the findings. */
function decode(definition: string, object: unknown) {
  const decoded = structuredClone(object) as JsonObject;
  return { ...decodeBuiltin(definition, decoded), decoded };
}

const container = (fields: object = {}) => ({ name: "app", image: "app:1", ...fields });
const deployment = (spec: object = {}, podSpec: object = {}) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: { spec: { containers: [container()], ...podSpec } },
    ...spec,
  },
});

describe("unknown fields of built-in kinds", () => {
  it("drops them and names each by its path", () => {
    const result = decode(DEPLOYMENT, {
      ...deployment({ replicaz: 3 }, { containers: [container({ foo: 1 })] }),
      extra: {},
    });
    expect(result.unknown).toEqual(["spec.template.spec.containers[0].foo", "spec.replicaz", "extra"]);
    expect(JSON.stringify(result.decoded)).not.toMatch(/replicaz|foo|extra/);
  });

  it("takes the names of Object.prototype for unknown fields", () => {
    const object = JSON.parse('{"constructor":1,"__proto__":{"x":1},"metadata":{"toString":"a"}}') as JsonObject;
    const result = decodeBuiltin(DEPLOYMENT, object);
    expect(new Set(result.unknown)).toEqual(new Set(["constructor", "__proto__", "metadata.toString"]));
  });

  it("keeps any key of a map, also __proto__", () => {
    const object = JSON.parse('{"data":{"__proto__":"a","b":"c"}}') as JsonObject;
    expect(decodeBuiltin("io.k8s.api.core.v1.ConfigMap", object).unknown).toEqual([]);
    expect(JSON.stringify(object["data"])).toBe('{"__proto__":"a","b":"c"}');
  });

  it("says nothing of fields inside the unions of a CustomResourceDefinition's schema, as upstream", () => {
    const result = decode("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", {
      type: "object",
      additionalProperties: { type: "string", foo: 1 },
      properties: { a: { type: "string", bar: 1 } },
    });
    expect(result.unknown).toEqual(["properties.a.bar"]);
    expect(result.decoded).toEqual({
      type: "object",
      additionalProperties: { type: "string" },
      properties: { a: { type: "string" } },
    });
  });
});

describe("wrong types in built-in kinds", () => {
  it.each([
    [
      "a string for an int32",
      deployment({ replicas: "2" }),
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a fraction for an int32",
      deployment({ replicas: 1.5 }),
      "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "more than an int32 holds",
      deployment({ replicas: 3_000_000_000 }),
      "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      "a number for a label",
      { metadata: { labels: { a: 1 } } },
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      "a number in a list of structs",
      deployment({}, { containers: [container({ env: [{ name: "A", value: 1 }] })] }),
      "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
    ],
    [
      "a list for a struct",
      { spec: [] },
      "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec",
    ],
    [
      "a struct for a list",
      deployment({}, { containers: {} }),
      "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
    ],
    [
      "a list for a map",
      { metadata: { annotations: [] } },
      "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.annotations of type map[string]string",
    ],
    [
      "a string for a boolean",
      deployment({ paused: "yes" }),
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool",
    ],
    [
      "a boolean for an int-or-string",
      deployment({ strategy: { rollingUpdate: { maxSurge: true } } }),
      "json: cannot unmarshal bool into Go value of type int32",
    ],
    [
      "a time that is none",
      { metadata: { deletionTimestamp: "yesterday" } },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
  ])("names %s", (_what, object, message) => {
    expect(decode(DEPLOYMENT, object).mismatch).toBe(message);
  });

  it("names a quantity that is none", () => {
    const result = decode(POD, { spec: { containers: [container({ resources: { limits: { cpu: "lots" } } })] } });
    expect(result.mismatch).toMatch(/^quantities must match the regular expression/);
  });

  it("names base64 that is none by the byte", () => {
    expect(decode("io.k8s.api.core.v1.Secret", { data: { a: "ab$d" } }).mismatch).toBe(
      "illegal base64 data at input byte 2",
    );
  });

  it("refuses an int64 that a JavaScript number cannot hold", () => {
    expect(decode(POD, { spec: { activeDeadlineSeconds: 2 ** 53 } }).mismatch).toContain(
      "PodSpec.spec.activeDeadlineSeconds of type int64",
    );
  });

  it("reports the first of several and finds none in a good object", () => {
    expect(decode(DEPLOYMENT, deployment({ replicas: "x", paused: 1 })).mismatch).toContain("replicas");
    expect(decode(DEPLOYMENT, deployment()).mismatch).toBeUndefined();
  });
});

describe("canonical form of built-in kinds", () => {
  it("B300 leaves out empty maps, lists and strings that are optional", () => {
    const object = deployment(
      {},
      { nodeSelector: {}, hostname: "", containers: [container({ env: [], command: [] })] },
    );
    const { decoded } = decode(DEPLOYMENT, {
      ...object,
      metadata: { name: "web", annotations: {}, creationTimestamp: null },
    });
    expect(decoded["metadata"]).toEqual({ name: "web" });
    expect((decoded["spec"] as JsonObject)["template"]).toEqual({
      metadata: {},
      spec: { containers: [{ ...container(), resources: {} }] },
    });
  });

  it("B300 writes structs that are no pointers, and keeps pointers to empty ones", () => {
    const { decoded } = decode(
      DEPLOYMENT,
      deployment({}, { securityContext: {}, volumes: [{ name: "tmp", emptyDir: {} }] }),
    );
    expect(decoded).toMatchObject({
      status: {},
      spec: { strategy: {}, template: { metadata: {}, spec: { securityContext: {}, volumes: [{ emptyDir: {} }] } } },
    });
  });

  it("keeps zeros behind pointers and drops those that are not", () => {
    const { decoded } = decode(DEPLOYMENT, deployment({ replicas: 0, minReadySeconds: 0, paused: false }));
    expect((decoded["spec"] as JsonObject)["replicas"]).toBe(0);
    expect(Object.keys(decoded["spec"] as JsonObject)).toEqual(["replicas", "selector", "template", "strategy"]);
  });

  it("reads null as nothing given, in maps and lists as the zero value", () => {
    const { decoded } = decode(POD, {
      metadata: { labels: { a: null } },
      spec: { nodeName: null, containers: [{ name: "a", args: [null] }] },
      status: null,
    });
    expect(decoded).toEqual({
      metadata: { labels: { a: "" } },
      spec: { containers: [{ name: "a", args: [""], resources: {} }] },
      status: {},
    });
  });

  it("writes null for what is missing but not optional", () => {
    expect(decode(DEPLOYMENT, {}).decoded).toEqual({
      metadata: {},
      spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
      status: {},
    });
    expect(decode("io.k8s.api.core.v1.Event", {}).decoded).toMatchObject({
      firstTimestamp: null,
      eventTime: null,
      reportingComponent: "",
    });
  });

  it("B285 brings quantities into canonical form, numbers too", () => {
    const limits = { cpu: "1000m", memory: "1024Mi", "example.com/gpu": 2 };
    const { decoded } = decode(POD, { spec: { containers: [container({ resources: { limits } })] } });
    expect(decoded).toMatchObject({
      spec: { containers: [{ resources: { limits: { cpu: "1", memory: "1Gi", "example.com/gpu": "2" } } }] },
    });
  });

  it("B286 brings times to seconds in UTC and keeps six digits of a MicroTime", () => {
    expect(decode(POD, { metadata: { creationTimestamp: "2026-01-02T03:04:05.678+02:00" } }).decoded).toMatchObject({
      metadata: { creationTimestamp: "2026-01-02T01:04:05Z" },
    });
    const lease = decode("io.k8s.api.coordination.v1.Lease", {
      spec: { renewTime: "2026-01-02T03:04:05.000000+01:00" },
    });
    expect(lease.decoded).toMatchObject({ spec: { renewTime: "2026-01-02T02:04:05.000000Z" } });
    expect(
      decode("io.k8s.api.coordination.v1.Lease", { spec: { renewTime: "2026-01-02T03:04:05Z" } }).mismatch,
    ).toContain('cannot parse "Z" as ".000000"');
  });

  it("B286 keeps the JSON type of an int-or-string", () => {
    const { decoded } = decode(
      DEPLOYMENT,
      deployment({ strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } } }),
    );
    expect(decoded).toMatchObject({ spec: { strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } } } });
  });

  it("orders keys as the Go struct does and those of maps by name", () => {
    const { decoded } = decode(POD, {
      spec: { nodeName: "n", containers: [] },
      metadata: { labels: { b: "1", a: "2" }, name: "p" },
      apiVersion: "v1",
      kind: "Pod",
    });
    expect(JSON.stringify(decoded)).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"a":"2","b":"1"}},"spec":{"containers":[],"nodeName":"n"},"status":{}}',
    );
  });

  it("writes base64 as it would encode it", () => {
    expect(decode("io.k8s.api.core.v1.Secret", { data: { a: "YR==", b: "YW\nJj", c: "" } }).decoded).toMatchObject({
      data: { a: "YQ==", b: "YWJj", c: "" },
    });
  });

  it("keeps raw objects as they are", () => {
    const data = { z: null, a: {}, l: [] };
    expect(decode("io.k8s.api.apps.v1.ControllerRevision", { data, revision: 1 }).decoded).toMatchObject({ data });
  });

  it("changes nothing the second time", () => {
    const { decoded } = decode(
      DEPLOYMENT,
      deployment({ replicas: 2 }, { containers: [container({ resources: { limits: { cpu: 0.5 } } })] }),
    );
    expect(JSON.stringify(decode(DEPLOYMENT, decoded).decoded)).toBe(JSON.stringify(decoded));
  });
});

describe("decoding of built-in kinds", () => {
  it("bears any JSON in any place, and changes nothing more the second time", () => {
    const key = fc.constantFrom(
      "metadata",
      "spec",
      "status",
      "template",
      "containers",
      "name",
      "labels",
      "ports",
      "resources",
      "limits",
      "x",
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: "large" },
        fc.constantFrom(null, true, 0, 1.5, -7, "", "a", "100m", "2026-01-02T03:04:05Z", [], {}),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    const object = fc.dictionary(key, tree, { maxKeys: 5 });
    fc.assert(
      fc.property(object, fc.constantFrom(DEPLOYMENT, POD, "io.k8s.api.core.v1.Service"), (given, definition) => {
        const first = decode(definition, given);
        const second = decode(definition, first.decoded);
        expect(second.unknown).toEqual([]);
        expect(second.mismatch).toBeUndefined();
        expect(JSON.stringify(second.decoded)).toBe(JSON.stringify(first.decoded));
      }),
      { numRuns: 500 },
    );
  });

  it("follows schemas as deep as a body may nest", () => {
    let schema: JsonObject = { type: "string" };
    for (let depth = 0; depth < 480; depth++) schema = { properties: { a: schema } };
    const decoded = structuredClone(schema);
    expect(
      decodeBuiltin("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps", decoded).unknown,
    ).toEqual([]);
    expect(decoded).toEqual(schema);
  });
});

const facts = factsFolder();

describe.skipIf(!hasFacts(facts))(
  "golden objects of Kubernetes 1.36 (skipped without the type facts and their golden folders)",
  () => {
    const every = hasFacts(facts) ? allTypes(facts) : builtinTypes();

    it.each(goldenPairs(facts).map((pair) => [pair.name, pair] as const))(
      "decodes %s from JSON unchanged",
      (_name, pair) => {
        const object = JSON.parse(pair.json) as JsonObject;
        const types = builtinTypes().ofKind(pair.apiVersion, pair.kind) ? builtinTypes() : every;
        const result = decodeBuiltin(types.ofKind(pair.apiVersion, pair.kind)!, object, types);
        expect(result).toEqual({ unknown: [] });
        // As text, for the order of keys; parsed once because upstream escapes some characters.
        expect(JSON.stringify(object)).toBe(JSON.stringify(JSON.parse(pair.json)));
      },
    );

    it("has the committed types of most of them", () => {
      const served = goldenPairs(facts).filter((pair) => builtinTypes().ofKind(pair.apiVersion, pair.kind));
      expect(served.length).toBeGreaterThan(80);
    });
  },
);
