import { describe, expect, test } from "vitest";
import { configRows, type Situation } from "../../test/config-rows.test-support.ts";
import { ReloaderConfig } from "../api.ts";
import { defaultAnnotationKeys as keys } from "./annotation-keys.ts";
import { configFacts, decideByConfig } from "./decide-config.ts";
import { readRules } from "./workload-rules.ts";

function reloads({ spec, changed = {}, ...rest }: Situation): boolean {
  const config = ReloaderConfig.parse({
    apiVersion: "reloader.stakater.com/v1alpha1",
    kind: "ReloaderConfig",
    metadata: { name: "c", namespace: "default", annotations: rest.annotations ?? {} },
    spec: { targets: [{ kind: "Deployment", name: "web" }], ...spec },
  });
  const rules = readRules(
    {
      kind: "Deployment",
      annotations: rest.workload ?? {},
      templateAnnotations: {},
      podSpec: { containers: [{ name: "main", envFrom: [{ secretRef: { name: rest.uses ?? "used" } }] }] },
    },
    { keys, autoReloadAll: false },
  );
  return decideByConfig(
    configFacts(config),
    { target: config.spec.targets![0]!, namespace: "default", rules, finished: rest.finished ?? false },
    {
      kind: changed.kind ?? "Secret",
      name: changed.name ?? "db",
      namespace: changed.namespace ?? "default",
      labels: changed.labels ?? {},
      annotations: rest.resource ?? {},
    },
    { keys, namespaceLabels: (namespace) => rest.namespaces?.[namespace] },
  ).reload;
}

describe("decision by a ReloaderConfig", () => {
  test.each(configRows)("%s: %s: reloads: %s", (_, __, reload, situation) => {
    expect(reloads(situation)).toBe(reload);
  });

  test("a selector that cannot be read selects nothing, and is named", () => {
    const selector = { matchExpressions: [{ key: "a", operator: "In" as const }] };
    expect(
      reloads({ spec: { watchedResources: { resourceSelector: selector } }, changed: { labels: { a: "b" } } }),
    ).toBe(false);
    const facts = configFacts({
      metadata: { name: "c", namespace: "default" },
      spec: { autoReloadAll: false, watchedResources: { enableTargetedReload: false, resourceSelector: selector } },
    });
    expect(facts.faults[0]).toContain("spec.watchedResources.resourceSelector");
  });
});
