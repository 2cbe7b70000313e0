import { describe, expect, it } from "vitest";
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  type NameRule,
  pathSegmentName,
  qualifiedName,
} from "./names.ts";

const cases: readonly [string, NameRule, readonly string[], readonly string[]][] = [
  [
    "dns1123Label",
    dns1123Label,
    ["a", "1a", "a-b", "a".repeat(63)],
    ["", "A", "a.b", "-a", "a-", "a_b", "a".repeat(64), "é"],
  ],
  [
    "dns1123Subdomain",
    dns1123Subdomain,
    ["a.b", "1.2", "a".repeat(253)],
    ["", "a..b", ".a", "a.", "A.b", "a".repeat(254)],
  ],
  ["dns1035Label", dns1035Label, ["a1", "a-1"], ["1a", "a.b", ""]],
  [
    "qualifiedName",
    qualifiedName,
    ["a", "A.b_c", "example.com/a", `e.com/${"a".repeat(63)}`],
    ["", "/a", "a/", "a/b/c", "Ex.com/a", "-a", "a".repeat(64)],
  ],
  ["labelValue", labelValue, ["", "a", "A_1.b"], ["-", "a b", "a/b", "a".repeat(64)]],
  ["pathSegmentName", pathSegmentName, ["system:node", "A"], [".", "..", "a/b", "a%b"]],
];

describe.each(cases)("%s", (_, rule, good, bad) => {
  it("has nothing to say about good names", () => {
    expect(good.flatMap(rule)).toEqual([]);
  });

  it("finds something about each bad name", () => {
    expect(bad.filter((name) => rule(name).length === 0)).toEqual([]);
  });
});

describe("messages", () => {
  it("B047 are the API's own", () => {
    expect(dns1123Label("A")).toEqual([
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ]);
    expect(dns1123Subdomain("A")).toEqual([
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ]);
    expect(labelValue("-")).toEqual([
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ]);
    expect(qualifiedName("/a")).toEqual(["prefix part must be non-empty"]);
    expect(pathSegmentName("a/b")).toEqual(["may not contain '/'"]);
  });

  it("name the length and the shape where both are wrong", () => {
    expect(dns1123Label("A".repeat(64))).toHaveLength(2);
  });
});
