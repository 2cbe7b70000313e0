import { type DaemonSet, Deployment, type KubeObject, type Namespace } from "@homeostat/api";
import { expectApplied } from "@homeostat/devcluster";
import { describe, expect, test } from "vitest";
import { explainWorkload } from "../src/explain/explain-workload.ts";
import { resolveOptions } from "../src/options.ts";
import { writeMetaInfo } from "../src/program/meta-info.ts";
import { config, listed, target } from "./config-world.test-support.ts";
import { auto, key, type ReloaderWorld, startWorld, workload } from "./world.test-support.ts";

const prefix = "reloader.stakater.com";
const asked = { kind: "deployment", ...key("web") };

/** What is said of Deployment web, which takes its variables from Secret db. */
async function said(annotations: Record<string, string>, prepare?: (world: ReloaderWorld) => Promise<unknown>) {
  const world = await startWorld();
  await world.secret("db", { a: "1" });
  await expectApplied(world.cluster, workload("web", { annotations, secrets: ["db"] }));
  await prepare?.(world);
  await world.settle();
  return (await explainWorkload(world.cluster.client, asked))!.join("\n");
}

describe("why a workload is not reloaded", () => {
  test("says of one that asks for nothing what it uses, and three ways to ask", async () => {
    expect(await said({ "example.com/other": "x" })).toBe(
      [
        "what rolls Deployment default/web:",
        "  asked by  nothing",
        "  uses      Secret default/db, used by container main: a change does not roll it: no annotation asks for it",
        "  last      it was never reloaded",
        "",
        "nothing asks to roll it. So that it rolls",
        "  for all that it uses:  kubectl annotate deployment/web -n default reloader.stakater.com/auto=true",
        "  for one of them:       kubectl annotate deployment/web -n default secret.reloader.stakater.com/reload=db",
        "  without annotating it: a ReloaderConfig with spec.autoReloadAll and a target { kind: Deployment, name: web }",
      ].join("\n"),
    );
  });

  test("says of one that uses nothing that it uses nothing", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web"));
    const text = (await explainWorkload(world.cluster.client, asked))!.join("\n");
    expect(text).toContain("uses      no Secret and no ConfigMap");
    expect(text).toContain(`secret.${prefix}/reload=NAME`);
  });

  test("says of one that asks what rolls it, and when it did", async () => {
    const text = await said(auto, async (world) => {
      await world.settle();
      await world.secret("db", { a: "2" });
    });
    expect(text).toContain(`asked by  annotation ${prefix}/auto: "true"`);
    expect(text).toContain("a change rolls it: the workload rolls for all it uses");
    expect(text).toContain("last      reloaded at 2026-01-01T00:00:");
    expect(text).not.toContain("so that it rolls");
  });

  const named = (name: string) => ({ [`secret.${prefix}/reload`]: name });
  const marked = (annotation: string) => (world: ReloaderWorld) =>
    world.secret("db", { a: "1" }, { annotations: { [`${prefix}/${annotation}`]: "true" } });
  type Case = readonly [
    what: string,
    annotations: Record<string, string>,
    texts: readonly string[],
    prepare?: (world: ReloaderWorld) => Promise<unknown>,
  ];
  const cases: readonly Case[] = [
    [
      "a Secret that carries ignore",
      auto,
      [`the Secret carries ${prefix}/ignore`, `kubectl annotate secret/db -n default ${prefix}/ignore-`],
      marked("ignore"),
    ],
    [
      "a Secret that is excluded",
      { ...auto, [`secrets.exclude.${prefix}/reload`]: "db" },
      [`secrets.exclude.${prefix}/reload lists it`, "take db out of the exclude annotation"],
    ],
    [
      "a Secret without match",
      { [`${prefix}/search`]: "true" },
      [`it does not carry ${prefix}/match`, `kubectl annotate secret/db -n default ${prefix}/match=true`],
    ],
    [
      "auto for the other kind",
      { [`configmap.${prefix}/auto`]: "true" },
      ["no annotation asks for it", `kubectl annotate deployment/web -n default secret.${prefix}/reload=db`],
    ],
    ["auto yes", { [`${prefix}/auto`]: "yes" }, [`annotation ${prefix}/auto: "yes" means no: write "true"`]],
    ["search 1", { [`${prefix}/search`]: "1" }, ['"1" means no: write exactly "true"']],
    [
      "a name that is not there",
      named("dbb"),
      ["Secret default/dbb, which is not there: a change rolls it: an annotation names it"],
    ],
    ["a bad pattern", named("db[,x"), ['"db[" is no RE2 pattern']],
    ["ignore on the workload", { ...auto, [`${prefix}/ignore`]: "true" }, ["has no effect on a workload"]],
    ["a paused operator", { ...auto, "homeostat.dev/reconcile": "false" }, ["the operator is paused for it"]],
    ["a bad period", { ...auto, [`deployment.${prefix}/pause-period`]: "1d" }, ['"1d" is no duration']],
    [
      "a pause by the operator",
      { ...auto, [`deployment.${prefix}/pause-period`]: "5m" },
      ["it is held back since 2026-01-01T00:00:", "300 s after that"],
      async (world) => {
        await world.settle();
        await world.secret("db", { a: "2" });
      },
    ],
    [
      "a pause by a person",
      auto,
      ["it is paused by somebody"],
      ({ cluster }) => cluster.client.patchMerge(Deployment, key("web"), { spec: { paused: true } }),
    ],
    [
      "a config that is switched off",
      {},
      ["asked by  ReloaderConfig default/c", "ReloaderConfig c is switched off"],
      ({ cluster }) => expectApplied(cluster, config(listed, { annotations: { [`${prefix}/ignore`]: "true" } })),
    ],
    [
      "a config that ignores it",
      {},
      ["ReloaderConfig c lists it in ignoreResources"],
      ({ cluster }) => expectApplied(cluster, config({ ...listed, ignoreResources: [{ kind: "Secret", name: "db" }] })),
    ],
    [
      "labels a config wants",
      {},
      ["it has not the labels ReloaderConfig c wants"],
      ({ cluster }) => expectApplied(cluster, config({ ...listed, matchLabels: { team: "x" } })),
    ],
    [
      "a config of another namespace",
      {},
      [
        "ReloaderConfig tools/c may not name it",
        `kubectl annotate namespace default ${prefix}/allow-targets-from=tools`,
      ],
      async ({ cluster }) => {
        await expectApplied(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: "tools" } } as Namespace);
        const targets = [target("web", { namespace: "default" })];
        await expectApplied(cluster, config({ ...listed, targets }, { namespace: "tools" }));
      },
    ],
  ];
  for (const [what, annotations, texts, prepare] of cases)
    test(`names ${what}`, async () => {
      const text = await said(annotations, prepare);
      for (const each of texts) expect(text).toContain(each);
    });

  test("names annotations of the template that count for nothing", async () => {
    const world = await startWorld();
    await expectApplied(
      world.cluster,
      workload("web", { annotations: { [`${prefix}/auto`]: "false" }, template: auto, secrets: ["db"] }),
    );
    const text = (await explainWorkload(world.cluster.client, asked))!.join("\n");
    expect(text).toContain(
      `annotations on the pod template are not looked at, as the Deployment itself carries ${prefix}/auto`,
    );
  });

  test("goes by the options the operator tells of itself", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web", { secrets: ["db"], configMaps: ["app"] }));
    const options = resolveOptions({
      autoReloadAll: true,
      ignoredResources: ["ConfigMap"],
      ignoredNamespaces: ["default"],
    });
    await writeMetaInfo(world.cluster.client, { namespace: "default", deployment: "reloader", version: "1", options });
    const text = (await explainWorkload(world.cluster.client, asked))!.join("\n");
    expect(text).toContain("asked by  the operator's flag --auto-reload-all");
    expect(text).toContain("the operator leaves ConfigMaps alone");
    expect(text).toContain("--namespaces-to-ignore lists namespace default");
  });

  test.each(["deploy", "Deployments", "deployments.apps"])("knows %s, as people type it", async (kind) => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web"));
    expect(await explainWorkload(world.cluster.client, { ...asked, kind })).toBeDefined();
  });

  test("knows nothing of other kinds, and of what is not there", async () => {
    const world = await startWorld();
    await expectApplied(world.cluster, workload("web", { kind: "DaemonSet" }) as KubeObject as DaemonSet);
    const { client } = world.cluster;
    expect(await explainWorkload(client, asked)).toBeUndefined();
    expect(await explainWorkload(client, { ...asked, kind: "ds" })).toBeDefined();
    expect(await explainWorkload(client, { ...asked, kind: "service" })).toBeUndefined();
    expect(await explainWorkload(client, { ...asked, kind: "rollout" })).toBeUndefined();
  });
});
