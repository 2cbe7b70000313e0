import type { JsonObject } from "@homeostat/api";
import { createVirtualClock } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { StrategyContext } from "../registry/served-resource.ts";
import { compileJsonPath } from "./json-path.ts";
import { decideNames, namesToJson } from "./names.ts";
import { printerColumns } from "./printer-columns.ts";
import { applyScale, scaleOf, scaleProblems } from "./scale.ts";
import { servedResources } from "./served.ts";
import { objectMeta, webAppDefinition, webAppVersion } from "./test-definitions.ts";

function context(subresource?: string): StrategyContext {
  return { clock: createVirtualClock(), user: { username: "u", groups: [] }, dryRun: false, subresource };
}

function served(crd: JsonObject = webAppDefinition()) {
  return servedResources(crd, { objectMeta: objectMeta() });
}

describe("decideNames", () => {
  const accepted = (parts: Parameters<typeof webAppDefinition>[0] = {}): JsonObject => {
    const crd = webAppDefinition(parts);
    const decision = decideNames(crd, []);
    crd["status"] = {
      acceptedNames: namesToJson(decision.acceptedNames),
      conditions: [decision.established as unknown as JsonObject],
    };
    return crd;
  };

  it("B171 accepts names nobody has", () => {
    const decision = decideNames(webAppDefinition(), []);
    expect(decision.namesAccepted).toMatchObject({ status: "True", reason: "NoConflicts" });
    expect(decision.established).toMatchObject({ status: "True", reason: "InitialNamesAccepted" });
    expect(namesToJson(decision.acceptedNames)).toEqual({
      plural: "webapps",
      singular: "webapp",
      kind: "WebApp",
      listKind: "WebAppList",
      shortNames: ["wa"],
    });
  });

  it.each([
    [{ plural: "others", singular: "webapp", kind: "O", listKind: "OList", shortNames: [] }, "SingularConflict"],
    [{ plural: "others", singular: "o", kind: "O", listKind: "OList", shortNames: ["wa"] }, "ShortNamesConflict"],
    [{ plural: "others", singular: "o", kind: "WebApp", listKind: "OList", shortNames: [] }, "KindConflict"],
    [{ plural: "others", singular: "o", kind: "O", listKind: "WebAppList", shortNames: [] }, "ListKindConflict"],
  ])("B171 refuses %j", (names, reason) => {
    const other = webAppDefinition({ names });
    const decision = decideNames(other, [accepted(), other]);
    expect(decision.namesAccepted).toMatchObject({ status: "False", reason });
    expect(decision.established).toMatchObject({ status: "False", reason: "NotAccepted" });
  });

  it("B171 does not mind equal names in another group, nor its own", () => {
    const crd = accepted();
    expect(decideNames(crd, [crd, accepted({ group: "other.dev" })]).namesAccepted.status).toBe("True");
  });

  it("B175 leaves an established definition established when a new name clashes", () => {
    const holder = accepted({
      names: { plural: "others", singular: "other", kind: "Other", listKind: "OtherList", shortNames: ["o"] },
    });
    const crd = accepted();
    ((crd["spec"] as JsonObject)["names"] as JsonObject)["shortNames"] = ["o"];
    const decision = decideNames(crd, [holder, crd]);
    expect(decision.namesAccepted.reason).toBe("ShortNamesConflict");
    expect(decision.established.status).toBe("True");
    expect(decision.acceptedNames.shortNames).toEqual(["wa"]);
  });
});

describe("servedResources", () => {
  it("B174 serves every version that says so", () => {
    const versions = [
      webAppVersion(),
      webAppVersion(undefined, { name: "v1beta1", storage: false, deprecated: true }),
      webAppVersion(undefined, { name: "v1alpha1", storage: false, served: false }),
    ];
    const resources = served(webAppDefinition({ versions }));
    expect(resources.map(({ resource }) => resource.version)).toEqual(["v1", "v1beta1"]);
    expect(resources.map(({ storageVersion }) => storageVersion)).toEqual(["v1", "v1"]);
    expect(resources.map(({ deprecation }) => deprecation)).toEqual([
      undefined,
      "example.dev/v1beta1 WebApp is deprecated",
    ]);
  });

  it("B191 carries names, scope and subresources", () => {
    const [webApp] = served();
    expect(webApp!.resource).toEqual({
      group: "example.dev",
      version: "v1",
      kind: "WebApp",
      plural: "webapps",
      singular: "webapp",
      listKind: "WebAppList",
      scope: "Namespaced",
      shortNames: ["wa"],
      subresources: ["status"],
    });
    expect(webApp!.subresources.get("status")!.kind.kind).toBe("WebApp");
  });

  it("B193 converts by name only", async () => {
    const [webApp] = served();
    expect(await webApp!.convert({ apiVersion: "example.dev/v0", kind: "WebApp", spec: {} })).toEqual({
      apiVersion: "example.dev/v1",
      kind: "WebApp",
      spec: {},
    });
  });
});

describe("the strategy", () => {
  const { strategy } = served()[0]!;
  const old = (): JsonObject => ({
    metadata: { name: "a", generation: 1, labels: { x: "1" } },
    spec: { message: "a" },
    status: { replicas: 1 },
  });

  it("B054 asks for the version that is replaced", () => {
    expect(strategy).toMatchObject({ unconditionalUpdate: false, generation: true, status: true });
  });

  it("B186 wants names to be subdomains", () => {
    expect(strategy.nameProblem("my-app.v1")).toBeUndefined();
    expect(strategy.nameProblem("My_App")).toContain("RFC 1123");
  });

  it("B188 drops status on create and keeps the stored one on update", () => {
    const object: JsonObject = { metadata: {}, spec: {}, status: { replicas: 5 } };
    strategy.prepareForCreate!(object, context());
    expect(object["status"]).toBeUndefined();
    const update: JsonObject = { ...old(), spec: { message: "b" }, status: { replicas: 9 } };
    strategy.prepareForUpdate!(update, old(), context());
    expect(update).toMatchObject({ spec: { message: "b" }, status: { replicas: 1 } });
  });

  it("B188 takes nothing but status from a write through /status", () => {
    const object: JsonObject = {
      metadata: { name: "a", labels: { x: "2" }, generation: 1 },
      spec: { message: "b" },
      status: { replicas: 9 },
      more: 1,
    };
    strategy.prepareForUpdate!(object, old(), context("status"));
    expect(object).toEqual({ ...old(), status: { replicas: 9 } });
    expect(Object.keys(object)).toEqual(["metadata", "spec", "status"]);
  });

  it("B186 warns of new finalizers without a slash", () => {
    const object: JsonObject = { metadata: { finalizers: ["plain", "example.dev/x"] } };
    expect(strategy.warnings!(object)).toHaveLength(1);
    expect(strategy.warnings!(object, object)).toEqual([]);
  });

  it("B192 offers the selectable fields", () => {
    const [webApp] = served(
      webAppDefinition({ version: { selectableFields: [{ jsonPath: ".spec.replicas" }, { jsonPath: ".spec.mode" }] } }),
    );
    expect(webApp!.strategy.fieldNames).toEqual(["spec.replicas", "spec.mode"]);
    expect(webApp!.strategy.fields!({ spec: { replicas: 3 } })).toEqual({ "spec.replicas": "3", "spec.mode": "" });
  });
});

describe("printerColumns", () => {
  const now = Date.UTC(2026, 0, 1, 0, 5, 0);
  const object: JsonObject = {
    metadata: { name: "a", creationTimestamp: "2026-01-01T00:00:00Z", annotations: { "a.b/c": "x" } },
    spec: { replicas: 3, ratio: 0.5, on: true, list: ["x", "y"], map: { a: 1 } },
    status: {
      conditions: [
        { type: "Old", status: "False" },
        { type: "Ready", status: "True" },
      ],
    },
  };

  const cell = (type: string, jsonPath: string): unknown =>
    printerColumns({ additionalPrinterColumns: [{ name: "C", type, jsonPath }] }).cells(object, now)[1];

  it("B190 shows name and age where no columns are declared", () => {
    const table = printerColumns({});
    expect(table.columns.map((column) => column.name)).toEqual(["Name", "Age"]);
    expect(table.cells(object, now)).toEqual(["a", "5m"]);
  });

  it("B190 shows the name and the declared columns only", () => {
    const table = printerColumns({
      additionalPrinterColumns: [{ name: "Replicas", type: "integer", jsonPath: ".spec.replicas", priority: 1 }],
    });
    expect(table.columns.map(({ name, priority }) => [name, priority])).toEqual([
      ["Name", 0],
      ["Replicas", 1],
    ]);
    expect(table.cells(object, now)).toEqual(["a", 3]);
  });

  it.each([
    ["integer", ".spec.replicas", 3],
    ["integer", ".spec.ratio", 0],
    ["number", ".spec.ratio", 0.5],
    ["boolean", ".spec.on", true],
    ["string", ".spec.on", "true"],
    ["string", ".spec.map", '{"a":1}'],
    ["string", ".spec.list[*]", "x y"],
    ["string", ".spec.list[1]", "y"],
    ["string", ".spec.list[-1:]", "y"],
    ["string", '.status.conditions[?(@.type=="Ready")].status', "True"],
    ["string", ".status.conditions[?(@.type=='Gone')].status", null],
    ["string", ".metadata.annotations['a.b/c']", "x"],
    ["string", ".metadata.annotations.a\\.b/c", "x"],
    ["date", ".metadata.creationTimestamp", "5m"],
    ["date", ".metadata.name", "<invalid>"],
    ["integer", ".metadata.name", null],
    ["string", ".spec.nothing", null],
    ["string", "..status", null],
  ])("B190 shows %s %s as %j", (type, path, value) => {
    if (path.startsWith("..")) expect(typeof cell(type, path)).toBe("string");
    else expect(cell(type, path)).toBe(value);
  });

  it.each([".spec[", ".spec[?(@.a ~ 1)]", ".spec.{a}", "spec", ".spec[a]"])("refuses the path %s", (path) => {
    expect(typeof compileJsonPath(path)).toBe("string");
  });
});

describe("scale", () => {
  const paths = {
    specReplicasPath: ".spec.replicas",
    statusReplicasPath: ".status.replicas",
    labelSelectorPath: ".status.selector",
  };
  const object = (): JsonObject => ({
    metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "5", labels: { x: "y" } },
    spec: { replicas: 2, other: 1 },
    status: { replicas: 1, selector: "app=a" },
  });

  it("B189 shows what the paths name", () => {
    expect(scaleOf(object(), paths)).toEqual({
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "a", namespace: "n", uid: "u", resourceVersion: "5" },
      spec: { replicas: 2 },
      status: { replicas: 1, selector: "app=a" },
    });
  });

  it("B189 counts a missing status as zero and refuses a missing spec", () => {
    expect(scaleOf({ spec: { replicas: 1 } }, paths)).toMatchObject({ status: { replicas: 0 } });
    expect(scaleOf({ spec: {} }, paths)).toBe('the spec replicas field ".spec.replicas" does not exist');
  });

  it("B189 writes replicas and keeps the rest", () => {
    const scaled = object();
    applyScale(scaled, { spec: { replicas: 7 } }, paths);
    expect(scaled).toEqual({ ...object(), spec: { replicas: 7, other: 1 } });
    const empty: JsonObject = {};
    applyScale(empty, { spec: {} }, paths);
    expect(empty).toEqual({ spec: { replicas: 0 } });
  });

  it("B189 refuses fewer than none", () => {
    expect(scaleProblems({ spec: { replicas: -1 } })).toEqual([
      expect.objectContaining({
        field: "spec.replicas",
        message: "Invalid value: -1: must be greater than or equal to 0",
      }),
    ]);
    expect(scaleProblems({ spec: { replicas: 1 } })).toEqual([]);
  });
});
