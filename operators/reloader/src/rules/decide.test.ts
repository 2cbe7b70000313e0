import type { PodSpec } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { defaultAnnotationKeys as keys } from "./annotation-keys.ts";
import { decide, type ResourceFacts } from "./decide.ts";
import { readRules, type WorkloadFacts } from "./workload-rules.ts";

type Annotations = Record<string, string>;

interface Situation {
  /** Annotations of the workload and of its pod template. */
  readonly on?: Annotations;
  readonly template?: Annotations;
  /** Annotations of the resource. */
  readonly resource?: Annotations;
  readonly changed?: { readonly kind: ResourceFacts["kind"]; readonly name: string };
  /** Default: a regular container takes its variables from ConfigMap and Secret app. */
  readonly pod?: PodSpec;
  readonly autoReloadAll?: boolean;
  readonly finished?: boolean;
}

const auto = "reloader.stakater.com/auto";
const search = "reloader.stakater.com/search";
const match = "reloader.stakater.com/match";
const ignore = "reloader.stakater.com/ignore";
const mapAuto = "configmap.reloader.stakater.com/auto";
const secretAuto = "secret.reloader.stakater.com/auto";
const named = "configmap.reloader.stakater.com/reload";
const secretNamed = "secret.reloader.stakater.com/reload";
const exclude = "configmaps.exclude.reloader.stakater.com/reload";

const pod = (parts: object): PodSpec => ({ containers: [{ name: "main" }], ...parts }) as PodSpec;
const container = (parts: object): PodSpec => pod({ containers: [{ name: "main", ...parts }] });
const using: PodSpec = container({ envFrom: [{ configMapRef: { name: "app" } }, { secretRef: { name: "app" } }] });
const unrelated = pod({});
const mounted = (volume: object): PodSpec =>
  pod({
    containers: [{ name: "main", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", ...volume }],
  });

function outcome(situation: Situation) {
  const { on = {}, template = {}, finished = false } = situation;
  const workload: WorkloadFacts = {
    kind: "Deployment",
    annotations: on,
    templateAnnotations: template,
    podSpec: situation.pod ?? using,
  };
  const rules = readRules(workload, { keys, autoReloadAll: situation.autoReloadAll ?? false });
  const changed = situation.changed ?? { kind: "ConfigMap", name: "app" };
  const facts = { ...changed, namespace: "default", labels: {}, annotations: situation.resource ?? {} };
  return { decision: decide(rules, facts, { keys, finished }), faults: rules.faults.map(({ reason }) => reason) };
}

const reloads = (situation: Situation): boolean => outcome(situation).decision.reload;

const app1 = { kind: "ConfigMap", name: "app-1" } as const;
const rows: readonly (readonly [id: string, what: string, reload: boolean, situation: Situation])[] = [
  ["1", "no annotations", false, {}],
  [
    "2a",
    "auto, a variable from it",
    true,
    {
      on: { [auto]: "true" },
      pod: container({ env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "app", key: "a" } } }] }),
    },
  ],
  ["2b", "auto, all variables from it", true, { on: { [auto]: "true" } }],
  ["2c", "auto, mounted", true, { on: { [auto]: "true" }, pod: mounted({ configMap: { name: "app" } }) }],
  [
    "2d",
    "auto, mounted in a projected volume",
    true,
    { on: { [auto]: "true" }, pod: mounted({ projected: { sources: [{ configMap: { name: "app" } }] } }) },
  ],
  [
    "3",
    "auto, only an init container uses it",
    true,
    {
      on: { [auto]: "true" },
      pod: pod({ initContainers: [{ name: "i", envFrom: [{ configMapRef: { name: "app" } }] }] }),
    },
  ],
  [
    "4",
    "auto, a volume nobody mounts",
    false,
    { on: { [auto]: "true" }, pod: pod({ volumes: [{ name: "v", configMap: { name: "app" } }] }) },
  ],
  [
    "5",
    "auto, only an ephemeral container and pull secrets use it",
    false,
    {
      on: { [auto]: "true" },
      changed: { kind: "Secret", name: "app" },
      pod: pod({
        ephemeralContainers: [{ name: "e", envFrom: [{ secretRef: { name: "app" } }] }],
        imagePullSecrets: [{ name: "app" }],
      }),
    },
  ],
  [
    "6",
    "auto, an optional reference",
    true,
    { on: { [auto]: "true" }, pod: container({ envFrom: [{ configMapRef: { name: "app", optional: true } }] }) },
  ],
  ["7", "auto, not referred to", false, { on: { [auto]: "true" }, pod: unrelated }],
  ["8a", "auto 1", true, { on: { [auto]: "1" } }],
  ["8b", "auto True", true, { on: { [auto]: "True" } }],
  ["9", "auto yes", false, { on: { [auto]: "yes" } }],
  ["10", "auto for Secrets, a ConfigMap changes", false, { on: { [secretAuto]: "true" } }],
  ["11", "auto off, auto for ConfigMaps on", true, { on: { [auto]: "false", [mapAuto]: "true" } }],
  ["12", "auto off, named", true, { on: { [auto]: "false", [named]: "app" } }],
  [
    "13",
    "auto off, searched and matched",
    true,
    { on: { [auto]: "false", [search]: "true" }, resource: { [match]: "true" } },
  ],
  ["14", "auto, another one named", true, { on: { [auto]: "true", [named]: "other" } }],
  [
    "15",
    "auto, named without a reference",
    true,
    { on: { [auto]: "true", [named]: "ext" }, changed: { kind: "ConfigMap", name: "ext" } },
  ],
  ["16", "named without a reference", true, { on: { [named]: "app" }, pod: unrelated }],
  ["17", "named in a list with spaces", true, { on: { [named]: "a, app ,b" } }],
  ["18", "named by a pattern", true, { on: { [named]: "app-.*" }, changed: app1 }],
  ["19", "named by a part of its name", false, { on: { [named]: "ap" } }],
  [
    "20",
    "an alternation whose piece is a part of its name",
    false,
    { on: { [named]: "x|app" }, changed: { kind: "ConfigMap", name: "my-app" } },
  ],
  ["21", "a comma inside braces", false, { on: { [named]: "app-[0-9]{1,2}" }, changed: app1 }],
  ["22", "a bad pattern beside a good name", true, { on: { [named]: "app[,app" } }],
  ["23", "a Secret of that name is named", false, { on: { [secretNamed]: "app" } }],
  ["24", "searched and matched", true, { on: { [search]: "true" }, resource: { [match]: "true" } }],
  [
    "25",
    "searched and matched, not referred to",
    false,
    { on: { [search]: "true" }, resource: { [match]: "true" }, pod: unrelated },
  ],
  ["26", "searched, not matched", false, { on: { [search]: "true" } }],
  ["27", "matched, not searched", false, { resource: { [match]: "true" } }],
  ["28", "searched and auto, not matched", true, { on: { [search]: "true", [auto]: "true" } }],
  ["29", "the resource is ignored", false, { on: { [auto]: "true", [named]: "app" }, resource: { [ignore]: "true" } }],
  ["30", "the resource is ignored with a capital", true, { on: { [auto]: "true" }, resource: { [ignore]: "True" } }],
  ["31", "the workload carries ignore", true, { on: { [ignore]: "true", [auto]: "true" } }],
  ["32", "auto, excluded", false, { on: { [auto]: "true", [exclude]: "app" } }],
  ["33", "named and excluded", false, { on: { [named]: "app", [exclude]: "b, app" } }],
  ["34", "auto and exclude on the template", true, { template: { [auto]: "true", [exclude]: "app" } }],
  ["35", "a pattern in exclude", true, { on: { [auto]: "true", [exclude]: "ap.*" } }],
  ["36", "keys on the template only", true, { template: { [named]: "app" } }],
  ["37", "search on the template only", true, { template: { [search]: "true" }, resource: { [match]: "true" } }],
  ["38", "auto off, on in the template", false, { on: { [auto]: "false" }, template: { [auto]: "true" } }],
  [
    "39",
    "a Secret named, the ConfigMap named in the template",
    true,
    { on: { [secretNamed]: "s" }, template: { [named]: "app" } },
  ],
  [
    "40",
    "a ConfigMap named in the template, a Secret changes",
    false,
    { template: { [named]: "app" }, changed: { kind: "Secret", name: "app" } },
  ],
  ["41", "the flag, no annotations", true, { autoReloadAll: true }],
  ["42", "the flag, auto off", false, { autoReloadAll: true, on: { [auto]: "false" } }],
  ["43", "the flag, auto banana", false, { autoReloadAll: true, on: { [auto]: "banana" } }],
  ["44", "the flag, auto for ConfigMaps off", false, { autoReloadAll: true, on: { [mapAuto]: "false" } }],
  ["45", "the flag, auto for Secrets off", true, { autoReloadAll: true, on: { [secretAuto]: "false" } }],
  ["64a", "auto, a Job that has ended", true, { on: { [auto]: "true" }, finished: true }],
  ["64b", "the flag, a Job that has ended", false, { autoReloadAll: true, finished: true }],
  [
    "68",
    "auto, a mounted SecretProviderClass",
    true,
    {
      on: { [auto]: "true" },
      changed: { kind: "SecretProviderClass", name: "vault" },
      pod: mounted({
        csi: { driver: "secrets-store.csi.k8s.io", volumeAttributes: { secretProviderClass: "vault" } },
      }),
    },
  ],
  [
    "69",
    "a SecretProviderClass named",
    true,
    {
      on: { "secretproviderclass.reloader.stakater.com/reload": "vault" },
      changed: { kind: "SecretProviderClass", name: "vault" },
    },
  ],
];

describe("decision by annotations", () => {
  test.each(rows)("%s: %s: reloads: %s", (_, __, reload, situation) => {
    expect(reloads(situation)).toBe(reload);
  });

  test("16: changes the first container for what nobody refers to", () => {
    const two = pod({ containers: [{ name: "main" }, { name: "side", envFrom: [{ configMapRef: { name: "app" } }] }] });
    expect(outcome({ on: { [named]: "app" }, pod: unrelated }).decision).toMatchObject({ container: "main" });
    expect(outcome({ on: { [named]: "app" }, pod: two }).decision).toMatchObject({ container: "side", by: "named" });
  });

  test("21, 22, 31: what has no effect is told to the owner", () => {
    expect(outcome({ on: { [named]: "app-[0-9]{1,2}" } }).faults).toContain("InvalidPattern");
    expect(outcome({ on: { [named]: "app[,app" } }).faults).toEqual(["InvalidPattern"]);
    expect(outcome({ on: { [ignore]: "true", [auto]: "true" } }).faults).toEqual(["IgnoreHasNoEffect"]);
    expect(outcome({ on: { [auto]: "true" } }).faults).toEqual([]);
  });

  test("a refusal says why in words for people", () => {
    expect(outcome({ on: { [auto]: "true" }, pod: unrelated }).decision).toEqual({
      reload: false,
      why: "no container gets anything from it",
    });
    expect(outcome({ on: { [search]: "true" } }).decision).toEqual({
      reload: false,
      why: `it does not carry ${match}`,
    });
  });
});
