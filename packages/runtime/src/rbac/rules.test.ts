import { describe, expect, test } from "vitest";
import { accessesOf, allows, compareRules, rulesFor } from "./rules.ts";

const access = (verb: string, resource: string, name?: string) => ({
  verb,
  group: "",
  resource,
  ...(name === undefined ? {} : { name }),
});

describe("rules", () => {
  test("are the fewest for what is done, verbs in the usual order", () => {
    const wanted = ["watch", "list", "get"].flatMap((verb) => [access(verb, "secrets"), access(verb, "configmaps")]);
    expect(rulesFor([...wanted, access("create", "configmaps")])).toEqual([
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "create"] },
      { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] },
    ]);
  });

  test("keep names where all accesses have one, but not for what cannot be tied to names", () => {
    expect(
      rulesFor([access("get", "secrets", "b"), access("get", "secrets", "a"), access("create", "secrets", "a")]),
    ).toEqual([
      { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
      { apiGroups: [""], resources: ["secrets"], resourceNames: ["a", "b"], verbs: ["get"] },
    ]);
    expect(rulesFor([access("get", "secrets", "b"), access("get", "secrets")])).toEqual([
      { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
    ]);
  });

  test("allow what they name, subresources apart, and everything with a wildcard", () => {
    const rule = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };
    expect(allows(rule, access("get", "pods", "a"))).toBe(true);
    expect(allows(rule, access("get", "pods/log", "a"))).toBe(false);
    expect(allows(rule, { ...access("get", "pods"), group: "apps" })).toBe(false);
    expect(allows({ ...rule, resourceNames: ["b"] }, access("get", "pods", "a"))).toBe(false);
    expect(allows({ ...rule, resourceNames: ["b"] }, access("get", "pods"))).toBe(false);
    expect(allows({ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }, access("delete", "pods/log", "a"))).toBe(true);
    expect(allows({ ...rule, resources: ["*/log"] }, access("get", "pods/log", "a"))).toBe(true);
  });

  test("are compared with what was done: what is missing, and what nobody used", () => {
    const granted = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "delete"] },
      { apiGroups: [""], resources: ["secrets"], verbs: ["*"] },
    ];
    const used = [access("get", "configmaps", "a"), access("list", "configmaps"), access("patch", "pods", "a")];
    expect(compareRules(granted, used)).toEqual({
      missing: [{ apiGroups: [""], resources: ["pods"], resourceNames: ["a"], verbs: ["patch"] }],
      unused: [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["delete"] },
        { apiGroups: [""], resources: ["secrets"], verbs: ["*"] },
      ],
    });
    expect(accessesOf(granted)).toHaveLength(5);
  });
});
