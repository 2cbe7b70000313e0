import type { PodTemplateSpec } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { type ReloadSource, reloadedTemplate } from "./pod-template.ts";

const now = Date.UTC(2026, 0, 1);
const template: PodTemplateSpec = {
  metadata: { labels: { app: "web" } },
  spec: {
    containers: [
      { name: "main", image: "web", env: [{ name: "A", value: "1" }] },
      { name: "side", image: "side" },
    ],
  },
};
const source = (parts: Partial<ReloadSource> = {}): ReloadSource => ({
  kind: "Secret",
  namespace: "default",
  name: "db-credentials",
  container: "main",
  hash: "h1",
  ...parts,
});
const envOf = (result: PodTemplateSpec | undefined, index: number) => result?.spec?.containers[index]?.env;
const payload = (result: PodTemplateSpec | undefined) =>
  JSON.parse(result?.metadata?.annotations?.["reloader.stakater.com/last-reloaded-from"] ?? "null");

describe("strategy env-vars", () => {
  test("S3: sets a variable in the container that uses the resource, and changes nothing else", () => {
    const result = reloadedTemplate(template, [source({ container: "side" })], "env-vars", now);
    expect(envOf(result, 1)).toEqual([{ name: "STAKATER_DB_CREDENTIALS_SECRET", value: "h1" }]);
    expect(envOf(result, 0)).toEqual([{ name: "A", value: "1" }]);
    expect(result?.metadata).toEqual(template.metadata);
  });

  test("70: sets one variable for each of several resources at once", () => {
    const both = [source(), source({ kind: "ConfigMap", name: "app", hash: "h2" })];
    expect(envOf(reloadedTemplate(template, both, "env-vars", now), 0)).toEqual([
      { name: "A", value: "1" },
      { name: "STAKATER_DB_CREDENTIALS_SECRET", value: "h1" },
      { name: "STAKATER_APP_CONFIGMAP", value: "h2" },
    ]);
  });

  test("replaces the value in its place", () => {
    const first = reloadedTemplate(template, [source()], "env-vars", now)!;
    const second = reloadedTemplate(first, [source({ hash: "h2" })], "env-vars", now);
    expect(envOf(second, 0)?.at(-1)).toEqual({ name: "STAKATER_DB_CREDENTIALS_SECRET", value: "h2" });
    expect(envOf(second, 0)).toHaveLength(2);
  });

  test("48: changes nothing where the variable has the hash already", () => {
    const first = reloadedTemplate(template, [source()], "env-vars", now)!;
    expect(reloadedTemplate(first, [source()], "env-vars", now + 60_000)).toBeUndefined();
  });

  test("54: removes the variable of what is gone", () => {
    const first = reloadedTemplate(template, [source()], "env-vars", now)!;
    expect(envOf(reloadedTemplate(first, [source({ hash: undefined })], "env-vars", now), 0)).toEqual([
      { name: "A", value: "1" },
    ]);
  });

  test("55: writes the annotation where what is gone had no variable", () => {
    const result = reloadedTemplate(template, [source({ hash: undefined })], "env-vars", now);
    expect(payload(result)).toMatchObject({ name: "db-credentials", hash: "aae45badef99284e4dae01d6046154ea9d99532f" });
    expect(result?.spec).toEqual(template.spec);
  });
});

describe("strategy annotations", () => {
  test("S4: names the resource, its hash, the container and the time in seconds", () => {
    const result = reloadedTemplate(template, [source()], "annotations", now + 999);
    expect(result?.metadata?.annotations?.["reloader.stakater.com/last-reloaded-from"]).toBe(
      `{"type":"SECRET","name":"db-credentials","namespace":"default","hash":"h1","containerRefs":["main"],"observedAt":${now / 1000}}`,
    );
    expect(result?.spec).toEqual(template.spec);
  });

  test("49: changes nothing where the annotation has the hash already", () => {
    const first = reloadedTemplate(template, [source()], "annotations", now)!;
    expect(reloadedTemplate(first, [source()], "annotations", now + 60_000)).toBeUndefined();
  });

  test("of several keeps the last that is news", () => {
    const first = reloadedTemplate(template, [source({ name: "b" })], "annotations", now)!;
    const both = [source({ name: "a", hash: "h2" }), source({ name: "b" })];
    expect(payload(reloadedTemplate(first, both, "annotations", now))).toMatchObject({ name: "a", hash: "h2" });
  });

  test("56: writes the marker's hash for what is gone", () => {
    expect(payload(reloadedTemplate(template, [source({ hash: undefined })], "annotations", now))).toMatchObject({
      hash: "aae45badef99284e4dae01d6046154ea9d99532f",
    });
  });

  test("overwrites what is no JSON of this kind", () => {
    for (const broken of ["{", "null", "[]", "7"]) {
      const strange = {
        ...template,
        metadata: { annotations: { "reloader.stakater.com/last-reloaded-from": broken } },
      };
      expect(payload(reloadedTemplate(strange, [source()], "annotations", now))).toMatchObject({ hash: "h1" });
    }
  });
});
