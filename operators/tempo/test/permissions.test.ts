import { deriveRules } from "@homeostat/runtime";
import { describe, expect, it } from "vitest";
import { tempoControllers } from "../src/controller/controllers.ts";
import { clusterRules, type PolicyRule } from "../src/permissions.ts";
import { communitySettings, openshiftSettings } from "../src/settings/operator-settings.ts";

const everything = (distribution: typeof communitySettings): typeof communitySettings => ({
  ...distribution,
  gates: { ...distribution.gates, prometheusOperator: true, grafanaOperator: true },
});

/** `verb group/resource` of each single permission. */
const single = (rules: readonly PolicyRule[]): readonly string[] =>
  rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
  );

describe("permissions", () => {
  it.each([
    ["community", everything(communitySettings)],
    ["openshift", { ...everything(openshiftSettings), roleArn: "arn:aws:iam::1:role/tempo" }],
  ] as const)("cover what the controllers say that they do (%s)", (distribution, settings) => {
    const granted = new Set(single(clusterRules(distribution)));
    const needed = single(deriveRules(tempoControllers({ settings }), { metricsAuth: true }).rules as PolicyRule[]);
    expect(needed.length).toBeGreaterThan(50);
    expect(needed.filter((permission) => !granted.has(permission))).toEqual([]);
  });

  it("are of no use to take over a cluster", () => {
    const all = single([...clusterRules("openshift")]);
    expect(all.filter((permission) => permission.includes("*"))).toEqual([]);
    const powers = /^(escalate|bind|impersonate|deletecollection) |\/(pods\/exec|nodes\/proxy|serviceaccounts\/token)$/;
    expect(all.filter((permission) => powers.test(permission))).toEqual([]);
  });
});
