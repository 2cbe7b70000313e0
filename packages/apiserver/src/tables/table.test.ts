import { describe, expect, it } from "vitest";
import type { TableColumns } from "./columns.ts";
import { partialObjectMetadataList } from "./partial-object.ts";
import { toTable } from "./table.ts";

const columns: TableColumns = {
  columns: [{ name: "Name", type: "string", format: "name", description: "", priority: 0 }],
  cells: (object) => [String((object["metadata"] as { name: string }).name)],
  conditions: (object) =>
    object["done"] === true ? [{ type: "Completed", status: "True", reason: "Done", message: "" }] : [],
};
const object = {
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name: "a", labels: { x: "y" } },
  data: { k: "v" },
  done: true,
};
const now = 0;

describe("tables", () => {
  it("B301 carries the metadata of each object by default, and its conditions", () => {
    expect(toTable([object], columns, { now, metadata: { resourceVersion: "7", continue: "next" } })).toEqual({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "7", continue: "next" },
      columnDefinitions: columns.columns,
      rows: [
        {
          cells: ["a"],
          conditions: [{ type: "Completed", status: "True", reason: "Done", message: "" }],
          object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
        },
      ],
    });
  });

  it.each([
    ["Object", object],
    ["None", null],
  ] as const)("B301 carries %s when asked to", (includeObject, expected) => {
    expect(toTable([object], columns, { now, includeObject })["rows"]).toMatchObject([
      { cells: ["a"], object: expected },
    ]);
  });

  it("B131 leaves out the columns in later events of a watch", () => {
    expect(toTable([object], columns, { now, includeColumns: false })["columnDefinitions"]).toEqual([]);
  });

  it("B131 shows a bookmark without cells", () => {
    const bookmark = { apiVersion: "v1", kind: "Thing", metadata: { resourceVersion: "9" } };
    expect(toTable([bookmark], columns, { now, includeObject: "Object" })["rows"]).toEqual([
      { cells: [], object: bookmark },
    ]);
  });

  it("B306 shows an empty list as a table without rows", () => {
    expect(toTable([], columns, { now, version: "v1beta1" })).toMatchObject({
      apiVersion: "meta.k8s.io/v1beta1",
      rows: [],
    });
  });

  it("B132 reduces objects to their metadata", () => {
    expect(partialObjectMetadataList([object], { resourceVersion: "7" })).toEqual({
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata: { resourceVersion: "7" },
      items: [{ kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata }],
    });
  });
});
