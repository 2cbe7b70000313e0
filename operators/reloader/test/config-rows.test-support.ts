/**
 * Test support: the table of decisions by ReloaderConfigs, as pure rules (`decide-config.test.ts`) and against a cluster
 * (`config-rows.test.ts`): what a config, its target and a resource say, and whether a change of the resource rolls.
 */
export interface Situation {
  readonly spec: object;
  readonly annotations?: Record<string, string>;
  readonly changed?: {
    kind?: "Secret" | "ConfigMap";
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
  };
  readonly resource?: Record<string, string>;
  readonly workload?: Record<string, string>;
  readonly uses?: string;
  readonly finished?: boolean;
  readonly namespaces?: Record<string, Record<string, string>>;
}

const listed = { watchedResources: { secrets: ["db"] } };
const targeted = {
  watchedResources: { secrets: ["db"], enableTargetedReload: true },
  targets: [{ kind: "Deployment", name: "web", requireReference: true }],
};
const other = { apps: { tier: "apps" } };

export const configRows: readonly (readonly [id: string, what: string, reload: boolean, situation: Situation])[] = [
  ["C1", "a listed Secret, referred to or not", true, { spec: listed }],
  ["C3", "a ConfigMap of a listed Secret's name", false, { spec: listed, changed: { kind: "ConfigMap" } }],
  ["C6a", "autoReloadAll, referred to", true, { spec: { autoReloadAll: true }, uses: "db" }],
  ["C6b", "autoReloadAll, not referred to", false, { spec: { autoReloadAll: true } }],
  [
    "C7a",
    "ignored in another namespace",
    true,
    { spec: { ...listed, ignoreResources: [{ kind: "Secret", name: "db", namespace: "other" }] } },
  ],
  [
    "C7b",
    "ignored in any namespace",
    false,
    { spec: { ...listed, ignoreResources: [{ kind: "Secret", name: "db" }] } },
  ],
  [
    "C7c",
    "ignored though referred to and listed",
    false,
    {
      spec: {
        ...listed,
        autoReloadAll: true,
        ignoreResources: [{ kind: "Secret", name: "db", namespace: "default" }],
      },
      uses: "db",
    },
  ],
  ["C8a", "not all labels", false, { spec: { ...listed, matchLabels: { team: "x" } } }],
  ["C8b", "all labels", true, { spec: { ...listed, matchLabels: { team: "x" } }, changed: { labels: { team: "x" } } }],
  ["S1", "targeted, not referred to", false, { spec: targeted }],
  ["S1", "targeted, referred to", true, { spec: targeted, uses: "db" }],
  [
    "S1",
    "requireReference alone",
    true,
    { spec: { ...listed, targets: [{ kind: "Deployment", name: "web", requireReference: true }] } },
  ],
  [
    "S14",
    "a selector and no names",
    true,
    {
      spec: { watchedResources: { resourceSelector: { matchLabels: { a: "b" } } } },
      changed: { name: "any", labels: { a: "b" } },
    },
  ],
  [
    "S14",
    "a selector and a name",
    false,
    { spec: { watchedResources: { secrets: ["db"], resourceSelector: { matchLabels: { a: "b" } } } } },
  ],
  ["S15", "listed, in another namespace", false, { spec: listed, changed: { namespace: "apps" }, namespaces: other }],
  [
    "S15",
    "listed, in a selected namespace",
    true,
    {
      spec: { watchedResources: { secrets: ["db"], namespaceSelector: { matchLabels: { tier: "apps" } } } },
      changed: { namespace: "apps" },
      namespaces: other,
    },
  ],
  ["D6", "autoReloadAll, a Job that has ended", false, { spec: { autoReloadAll: true }, uses: "db", finished: true }],
  ["D6", "listed, a Job that has ended", true, { spec: listed, finished: true }],
  [
    "D8",
    "excluded by the workload",
    false,
    { spec: listed, workload: { "secrets.exclude.reloader.stakater.com/reload": "db" } },
  ],
  ["3.3", "switched off", false, { spec: listed, annotations: { "reloader.stakater.com/ignore": "true" } }],
  ["3.3", "the Secret is ignored", false, { spec: listed, resource: { "reloader.stakater.com/ignore": "true" } }],
  ["3.3", "auto off on the workload", true, { spec: listed, workload: { "reloader.stakater.com/auto": "false" } }],
];
