import type { PodSpec } from "@homeostat/api";
import type { SourceKind } from "../src/content/hash.ts";

/**
 * Test support: the table of decisions by annotations, as pure rules (`decide.test.ts`) and against a cluster
 * (`annotation-rows.test.ts`). A row is what a workload and a resource say, and whether a change of the one rolls the
 * other. Rows whose point is time, a kind of workload or the operator's life are told as stories there.
 */

type Annotations = Record<string, string>;

export interface Situation {
  /** Annotations of the workload and of its pod template. */
  readonly on?: Annotations;
  readonly template?: Annotations;
  /** Annotations of the resource. */
  readonly resource?: Annotations;
  readonly changed?: { readonly kind: SourceKind; readonly name: string };
  /** Default: a regular container takes its variables from ConfigMap and Secret app. */
  readonly pod?: PodSpec;
  readonly autoReloadAll?: boolean;
  readonly finished?: boolean;
  /** The container that is changed, where it is reloaded. Default main. */
  readonly container?: string;
  /** Reasons of the Warnings about it. Default none. */
  readonly warns?: readonly string[];
  /** Told as a story in a cluster, as it takes more than a Deployment. */
  readonly apart?: "story";
}

export const auto = "reloader.stakater.com/auto";
export const search = "reloader.stakater.com/search";
export const match = "reloader.stakater.com/match";
export const ignore = "reloader.stakater.com/ignore";
const mapAuto = "configmap.reloader.stakater.com/auto";
const secretAuto = "secret.reloader.stakater.com/auto";
export const named = "configmap.reloader.stakater.com/reload";
const secretNamed = "secret.reloader.stakater.com/reload";
const exclude = "configmaps.exclude.reloader.stakater.com/reload";

export const pod = (parts: object): PodSpec => ({ containers: [{ name: "main", image: "web" }], ...parts }) as PodSpec;
const container = (parts: object): PodSpec => pod({ containers: [{ name: "main", image: "web", ...parts }] });
export const using: PodSpec = container({
  envFrom: [{ configMapRef: { name: "app" } }, { secretRef: { name: "app" } }],
});
export const unrelated = pod({});
const mounted = (source: object): PodSpec =>
  pod({
    containers: [{ name: "main", image: "web", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", ...source }],
  });

const mounts = { volumeMounts: [{ name: "v", mountPath: "/v" }] };
const volume = (parts: object): object => ({ name: "v", ...parts });
const fromApp = [{ configMapRef: { name: "app" } }];
const init = { name: "init", image: "web" };
const two = [
  { name: "main", image: "web" },
  { name: "side", image: "web" },
];
const app1 = { kind: "ConfigMap", name: "app-1" } as const;
export const annotationRows: readonly (readonly [id: string, what: string, reload: boolean, situation: Situation])[] = [
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
    "3a",
    "auto, only an init container has a variable from it",
    true,
    { on: { [auto]: "true" }, pod: pod({ containers: two, initContainers: [{ ...init, envFrom: fromApp }] }) },
  ],
  [
    "3b",
    "auto, only an init container mounts it",
    true,
    {
      on: { [auto]: "true" },
      pod: pod({
        containers: two,
        initContainers: [{ ...init, ...mounts }],
        volumes: [volume({ configMap: { name: "app" } })],
      }),
    },
  ],
  [
    "3c",
    "auto, the second container mounts it",
    true,
    {
      on: { [auto]: "true" },
      pod: pod({
        containers: [
          { ...two[0], envFrom: fromApp },
          { ...two[1], ...mounts },
        ],
        volumes: [volume({ configMap: { name: "app" } })],
      }),
      container: "side",
    },
  ],
  [
    "4",
    "auto, a volume nobody mounts",
    false,
    { on: { [auto]: "true" }, pod: pod({ volumes: [{ name: "v", configMap: { name: "app" } }] }) },
  ],
  [
    "5a",
    "auto, only an ephemeral container uses it",
    false,
    {
      on: { [auto]: "true" },
      pod: pod({ ephemeralContainers: [{ name: "e", image: "web", envFrom: fromApp }] }),
      apart: "story",
    },
  ],
  [
    "5b",
    "auto, only pulling the image needs it",
    false,
    {
      on: { [auto]: "true" },
      changed: { kind: "Secret", name: "app" },
      pod: pod({ imagePullSecrets: [{ name: "app" }] }),
    },
  ],
  [
    "5c",
    "auto, only a volume's driver needs it",
    false,
    {
      on: { [auto]: "true" },
      changed: { kind: "Secret", name: "app" },
      pod: mounted({ csi: { driver: "example.com", nodePublishSecretRef: { name: "app" } } }),
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
  ["16a", "named without a reference", true, { on: { [named]: "app" }, pod: unrelated }],
  [
    "16b",
    "named, the second container refers to it",
    true,
    { on: { [named]: "app" }, pod: pod({ containers: [two[0], { ...two[1], envFrom: fromApp }] }), container: "side" },
  ],
  ["17", "named in a list with spaces", true, { on: { [named]: "a, app ,b" } }],
  ["18", "named by a pattern", true, { on: { [named]: "app-.*" }, changed: app1 }],
  ["19", "named by a part of its name", false, { on: { [named]: "ap" } }],
  [
    "20",
    "an alternation whose piece is a part of its name",
    false,
    { on: { [named]: "x|app" }, changed: { kind: "ConfigMap", name: "my-app" } },
  ],
  [
    "21",
    "a comma inside braces",
    false,
    { on: { [named]: "app-[0-9]{1,2}" }, changed: app1, warns: ["InvalidPattern"] },
  ],
  ["22", "a bad pattern beside a good name", true, { on: { [named]: "app[,app" }, warns: ["InvalidPattern"] }],
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
  [
    "31",
    "the workload carries ignore",
    true,
    { on: { [ignore]: "true", [auto]: "true" }, warns: ["IgnoreHasNoEffect"] },
  ],
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
  ["64a", "auto, a Job that has ended", true, { on: { [auto]: "true" }, finished: true, apart: "story" }],
  ["64b", "the flag, a Job that has ended", false, { autoReloadAll: true, finished: true, apart: "story" }],
  [
    "68",
    "auto, a mounted SecretProviderClass",
    true,
    {
      on: { [auto]: "true" },
      changed: { kind: "SecretProviderClass", name: "vault" },
      apart: "story",
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
      apart: "story",
    },
  ],
];
