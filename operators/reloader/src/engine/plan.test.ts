import type { Deployment } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { ReloaderConfig } from "../api.ts";
import { factsOf } from "../kinds.ts";
import { type ReloaderOptions, resolveOptions } from "../options.ts";
import type { ReloadRecord } from "../reload/record.ts";
import { configFacts } from "../rules/decide-config.ts";
import { readRules } from "../rules/workload-rules.ts";
import { type PlanInput, plan, type SourceState } from "./plan.ts";

const nowMs = Date.UTC(2026, 0, 1, 0, 0, 0, 250);
const deployment: Deployment = {
  metadata: { name: "web", namespace: "default", annotations: { "reloader.stakater.com/auto": "true" } },
  spec: {
    selector: {},
    template: { spec: { containers: [{ name: "main", envFrom: [{ secretRef: { name: "db" } }] }] } },
  },
};
const state = (digest: string | undefined): SourceState => ({
  facts: { kind: "Secret", namespace: "default", name: "db", labels: {}, annotations: {} },
  content: digest === undefined ? undefined : { digest, reloader: `sha1 of ${digest}` },
});
const record = (digest: string, parts: Partial<ReloadRecord> = {}): ReloadRecord => ({
  rules: "r",
  contents: { "default/Secret/db": digest },
  reloads: 0,
  configs: {},
  ...parts,
});
const config = (name: string, target: object, spec: object = {}) => {
  const parsed = ReloaderConfig.parse({
    apiVersion: "reloader.stakater.com/v1alpha1",
    kind: "ReloaderConfig",
    metadata: { name, namespace: "default" },
    spec: {
      watchedResources: { secrets: ["db"] },
      targets: [{ kind: "Deployment", name: "web", ...target }],
      ...spec,
    },
  });
  return { key: `default/${name}`, config: configFacts(parsed), target: parsed.spec.targets![0]! };
};

function planned(parts: Partial<PlanInput> & { readonly with?: ReloaderOptions; readonly now?: string | undefined }) {
  const options = resolveOptions(parts.with);
  const object = parts.object ?? deployment;
  return plan({
    workload: { kind: "Deployment", namespace: "default", name: "web" },
    object,
    rules: readRules(factsOf("Deployment", object), options),
    configs: [],
    candidates: {
      keys: new Map([["default/Secret/db", "name"]]),
      rules: "r",
      open: false,
      truncated: false,
      pending: false,
    },
    sources: new Map([["default/Secret/db", state("now" in parts ? parts.now : "two")]]),
    record: record("one"),
    nowMs,
    options,
    namespaceLabels: () => undefined,
    ...parts,
  });
}

describe("plan", () => {
  test("C16: remembers what it sees for the first time", () => {
    expect(planned({ record: undefined })).toMatchObject({
      type: "remember",
      record: { contents: { "default/Secret/db": "two" }, reloads: 0 },
    });
  });

  test("does nothing where all is as remembered", () => {
    expect(planned({ record: record("two") })).toEqual({ type: "nothing", refusals: [] });
  });

  test("rolls what changed, and remembers it in the same step", () => {
    expect(planned({})).toMatchObject({
      type: "reload",
      reload: {
        how: { type: "template" },
        sources: [{ name: "db", hash: "sha1 of two", container: "main" }],
        record: { contents: { "default/Secret/db": "two" }, reloads: 1, at: "2026-01-01T00:00:00Z" },
      },
    });
  });

  test("50: remembers what appears, and says why nothing rolls", () => {
    expect(planned({ record: record("absent") })).toMatchObject({
      type: "remember",
      refusals: [{ why: "it was created, and reload-on-create is off" }],
    });
    expect(planned({ record: record("absent"), with: { reloadOnCreate: true } }).type).toBe("reload");
  });

  test("53: keeps the content of what goes, so that it can be compared with what comes back", () => {
    expect(planned({ now: undefined })).toMatchObject({
      type: "nothing",
      refusals: [{ why: "it was deleted, and reload-on-delete is off" }],
    });
    expect(planned({ now: undefined, with: { reloadOnDelete: true } }).type).toBe("reload");
  });

  test("a pattern that meets something while nobody asked for anything new meets something new", () => {
    const keys = new Map([["default/Secret/db", "pattern"] as const]);
    const options = { with: { reloadOnCreate: true }, record: record("one", { contents: {} }) };
    expect(
      planned({ ...options, candidates: { keys, rules: "r", open: true, truncated: false, pending: false } }).type,
    ).toBe("reload");
    expect(
      planned({ ...options, candidates: { keys, rules: "other", open: true, truncated: false, pending: false } }).type,
    ).toBe("remember");
  });

  test("S6: takes the strategy of the target before that of the spec before the flag", () => {
    const strategyOf = (target: object, spec: object, flags: ReloaderOptions) => {
      const result = planned({ configs: [config("c", target, spec)], with: flags });
      return result.type === "reload" ? [result.reload.strategy, result.reload.how.type] : result.type;
    };
    const flags = { reloadStrategy: "annotations", rolloutStrategy: "restart" } as const;
    expect(strategyOf({}, {}, flags)).toEqual(["annotations", "evict"]);
    expect(strategyOf({}, { reloadStrategy: "env-vars", rolloutStrategy: "rollout" }, flags)).toEqual([
      "env-vars",
      "template",
    ]);
    expect(strategyOf({ rolloutStrategy: "restart" }, { rolloutStrategy: "rollout" }, {})).toEqual([
      "env-vars",
      "evict",
    ]);
  });

  test("C9: waits while the config that wants it lets its target rest, whatever annotations want", () => {
    const configs = { "default/c": { reloads: 1, at: "2025-12-31T23:59:30Z" } };
    const resting = config("c", { pausePeriod: "1m" });
    expect(planned({ configs: [resting], record: record("one", { configs }) })).toMatchObject({
      type: "wait",
      forMs: 29_750,
    });
    const free = config("d", {});
    expect(planned({ configs: [resting, free], record: record("one", { configs }) }).type).toBe("reload");
  });

  test("counts a reload for each config that wanted it, and forgets configs that are gone", () => {
    const configs = { "default/c": { reloads: 4, at: "2025-12-31T00:00:00Z" }, "default/old": { reloads: 9, at: "" } };
    expect(planned({ configs: [config("c", {})], record: record("one", { configs }) })).toMatchObject({
      reload: { configs: ["default/c"], record: { configs: { "default/c": { reloads: 5 } } } },
    });
    const result = planned({ configs: [config("c", {})], record: record("one", { configs }) });
    expect(result.type === "reload" && Object.keys(result.reload.record.configs)).toEqual(["default/c"]);
  });

  test("restart: only pods older than the next second are replaced", () => {
    expect(planned({ with: { rolloutStrategy: "restart" } })).toMatchObject({
      reload: { how: { type: "evict" }, record: { restartBefore: "2026-01-01T00:00:01Z" } },
    });
  });

  test("60: a Deployment that asks for a pause is held back, unless a config rules its pauses", () => {
    const annotations = { ...deployment.metadata?.annotations, "deployment.reloader.stakater.com/pause-period": "5m" };
    const object = { ...deployment, metadata: { ...deployment.metadata, annotations } };
    expect(planned({ object })).toMatchObject({ reload: { how: { pause: { pausedAt: "2026-01-01T00:00:00Z" } } } });
    const ruled = planned({ object, configs: [config("c", { pausePeriod: "1m" })] });
    expect(ruled).toMatchObject({ reload: { how: { pause: undefined } } });
  });
});
