import { readdirSync, readFileSync } from "node:fs";
import { createVirtualClock, Deployment, type KubeObject } from "@homeostat/api";
import { createDevCluster, expectApplied } from "@homeostat/devcluster";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { openshiftGates } from "../src/manifests/kustomize.ts";
import { manifests } from "../src/manifests.ts";
import { permissions } from "../src/permissions.ts";
import { operatorLabels } from "../src/resources/observability/operator-monitoring.ts";
import { defaultGates } from "../src/settings/feature-gates.ts";
import { options } from "../src/settings/options.ts";

const folder = new URL("../deploy/", import.meta.url);
const textOf = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const files = manifests();

/** Environment variables that the program reads. */
const variables = new Set<string>([
  ...Object.values(options).flatMap((option) => ("variable" in option ? [option.variable] : [])),
  ...["FEATURE_GATES", "POD_NAME", "POD_NAMESPACE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"],
]);

describe("7.4 deploy/", () => {
  it.each(Object.keys(files))("%s is what the code says", (file) => {
    expect(parseAllDocuments(textOf(file)).map((document) => document.toJS())).toEqual(plain(files[file]));
  });

  it("is taken by a server, the base and what OpenShift adds", async () => {
    const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
    onTestFinished(() => cluster.stop());
    const base = parse(textOf("base/kustomization.yaml")) as { resources: string[] };
    expect(base.resources).toContain("webhooks.yaml");
    for (const file of base.resources) await expectApplied(cluster, ...(files[`base/${file}`] as KubeObject[]));
    await expectApplied(cluster, ...(files["openshift/rbac.yaml"] as KubeObject[]));
    const key = { namespace: "tempo-operator-system", name: "tempo-operator-controller" };
    const { spec } = await cluster.client.get(Deployment, key);
    expect(spec?.selector.matchLabels).toEqual(operatorLabels);
    const [manager] = spec?.template.spec?.containers ?? [];
    expect(manager).toMatchObject({ name: "manager", securityContext: { capabilities: { drop: ["ALL"] } } });
  });

  it("sets no variable that the program does not read", () => {
    const text = [textOf("base/deployment.yaml"), textOf("openshift/deployment-patch.yaml")].join("\n");
    const set = [...text.matchAll(/- name: ([A-Z_]+)$/gm)].map(([, name]) => name!);
    expect(set.length).toBeGreaterThan(9);
    expect(set.filter((name) => !variables.has(name))).toEqual([]);
  });
});

describe("chart/", () => {
  const values = parse(textOf("../chart/values.yaml")) as object;
  const schema = JSON.parse(textOf("../chart/values.schema.json")) as Schema;
  const templates = readdirSync(new URL("../chart/templates/", folder)).map((name) =>
    textOf(`../chart/templates/${name}`),
  );
  const helpers = textOf("../chart/templates/_helpers.tpl");

  it("has a schema of just its values", () => {
    const { global: _, ...properties } = schema.properties!;
    expect(pathsOfSchema({ properties }).sort()).toEqual(pathsOfValues(values, { properties }).sort());
  });

  it("reads every value, and none that is not there", () => {
    const read = [...templates.join("\n").matchAll(/(?:\$|\.|\$\.)(?:Values|v)\.([A-Za-z.]+[A-Za-z])/g)].map(
      ([, path]) => path!,
    );
    const leaves = pathsOfSchema(schema).filter((path) => path !== "global");
    const isRead = (path: string) => read.some((one) => one === path || path.startsWith(`${one}.`));
    expect(leaves.filter((path) => !isRead(path))).toEqual([]);
    const isThere = (path: string) => leaves.some((leaf) => leaf === path || leaf.startsWith(`${path}.`));
    expect(read.filter((path) => !isThere(path))).toEqual([]);
  });

  it("knows the gates, and those of OpenShift", () => {
    const pattern = new RegExp(schema.properties!["featureGates"]!.items!.pattern!);
    for (const gate of Object.keys(defaultGates))
      expect([gate, `-${gate}`].every((one) => pattern.test(one))).toBe(true);
    const listed = /\$gates = list ((?:"[\w.]+" ?)+)/.exec(helpers)?.[1];
    expect(listed?.match(/[\w.]+/g)).toEqual(openshiftGates);
  });

  it("sets no variable that the program does not read", () => {
    const text = textOf("../chart/templates/deployment.yaml");
    const plainNames = [...text.matchAll(/- name: ([A-Z_]+)$/gm)].map(([, name]) => name!);
    const families = [
      ...text.matchAll(/range \$variable, \$value := dict (.*?) \}\}[\s\S]*?- name: ([A-Z_]*)\{\{ \$variable/g),
    ];
    const named = families.flatMap(([, list, prefix]) =>
      [...list!.matchAll(/"([A-Z_]+)"/g)].map(([, name]) => `${prefix}${name}`),
    );
    expect(named.length).toBe(16);
    expect([...plainNames, ...named].filter((name) => !variables.has(name))).toEqual([]);
  });

  it("labels its Deployment, pods and metrics so that the operator finds them", () => {
    const deployment = textOf("../chart/templates/deployment.yaml");
    expect(deployment).toMatch(
      /labels:\n {4}\{\{- include "tempo.labels" \. \| nindent 4 \}\}\n {4}control-plane: controller-manager/,
    );
    const block = (name: string) =>
      new RegExp(`define "tempo\\.${name}" -\\}\\}([\\s\\S]*?)\\{\\{- end -\\}\\}`).exec(helpers)?.[1];
    expect(block("labels")).toContain("app.kubernetes.io/name: tempo-operator\n");
    for (const [label, value] of Object.entries(operatorLabels))
      expect(block("selector")).toContain(`${label}: ${value}\n`);
  });

  it("grants from every list of permissions", () => {
    for (const list of Object.keys(permissions)) expect(helpers).toContain(`$all.${list}`);
  });
});

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly pattern?: string;
}

/** Dotted paths of the values that have no parts of their own. */
function pathsOfSchema({ properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema.properties ? pathsOfSchema(schema).map((path) => `${name}.${path}`) : [name],
  );
}

function pathsOfValues(values: object, { properties = {} }: Schema): string[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const schema = properties[name];
    return schema?.properties ? pathsOfValues(value as object, schema).map((path) => `${name}.${path}`) : [name];
  });
}
