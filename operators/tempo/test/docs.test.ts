import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TempoMonolithic, TempoStack } from "../src/index.ts";
import { alerts } from "../src/resources/observability/alerts.ts";
import { operatorAlerts } from "../src/resources/observability/operator-alerts.ts";
import { defaultGates } from "../src/settings/feature-gates.ts";
import { options } from "../src/settings/options.ts";

const page = (name: string): string => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), "utf8");

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** Fields whose parts are Kubernetes' own, and of common blocks that are told once. */
const whole =
  /^(resources|total|tolerations|env|envFrom|podSecurityContext|affinity|nodeSelector|instanceSelector|metricsNamespaceSelector|tls|oidc|roles|roleBindings|annotations|conditions|component|ingester|compactor|querier|.*[lL]abels|.*Resources)$/;

/** Names of the fields that a reader looks for. */
function leaves(schema: Schema, name = ""): string[] {
  const { properties, items, additionalProperties } = schema;
  if (name !== "" && whole.test(name) && !/^(ingester|compactor|querier|component)$/.test(name)) return [name];
  const inside = properties ?? items?.properties;
  if (inside && !/^(ingester|compactor|querier|component)$/.test(name))
    return Object.entries(inside).flatMap(([field, part]) => leaves(part, field));
  if (typeof additionalProperties === "object" && additionalProperties.properties) return leaves(additionalProperties);
  return [name];
}

const specOf = (kind: typeof TempoStack | typeof TempoMonolithic): Schema =>
  (kind.crd() as unknown as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }).spec.versions[0]!.schema
    .openAPIV3Schema.properties!["spec"]!;

const isTold = (text: string, name: string): boolean => new RegExp(`[\`.]${name}[\`.\\[]`).test(text);

describe("docs", () => {
  it.each([
    ["tempostack", TempoStack, 60],
    ["tempomonolithic", TempoMonolithic, 35],
  ] as const)("%s tells of every field", (name, kind, atLeast) => {
    const text = page(name);
    const fields = [...new Set(leaves(specOf(kind)))];
    expect(fields.length).toBeGreaterThan(atLeast);
    expect(fields.filter((field) => !isTold(text, field))).toEqual([]);
  });

  it("operations tells of every variable, gate and alert", () => {
    const text = page("operations");
    // Families are told by their first name and the endings of the others.
    const variables = Object.values(options).flatMap((option) => ("variable" in option ? [option.variable] : []));
    const ending = (name: string) => name.replace(/^(RELATED_IMAGE|LEADER_ELECTION|BUILT_IN_CERT_MANAGEMENT)(?=_)/, "");
    const isNamed = (name: string) => text.includes(`\`${name}\``) || text.includes(`\`${ending(name)}\``);
    // Other locks than Leases are gone: there is nothing to choose.
    const named = variables.filter((name) => name !== "LEADER_ELECTION_RESOURCE_LOCK");
    expect(named.filter((name) => !isNamed(name))).toEqual([]);
    expect(Object.keys(defaultGates).filter((gate) => !text.includes(`\`${gate}\``))).toEqual([]);
    const jobs = { ingester: "ingester", compactor: "compactor" };
    const names = [...alerts({ filter: "", jobs }), ...operatorAlerts("")].map((rule) => rule.alert);
    expect(names).toHaveLength(20);
    expect(names.filter((alert) => !text.includes(`\`${alert}\``))).toEqual([]);
  });
});
