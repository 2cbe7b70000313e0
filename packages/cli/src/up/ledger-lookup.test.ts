import { ReconcileLedger } from "@homeostat/runtime";
import { WebApp } from "@homeostat/webapp";
import { describe, expect, test } from "vitest";
import { reconcile } from "../view/samples.test-support.ts";
import { type LedgerSource, lookUp, namesResource } from "./ledger-lookup.ts";

const write = { verb: "apply", resource: "configmaps", namespace: "default", name: "hello-config", changed: true };

function source(): LedgerSource {
  const ledger = new ReconcileLedger();
  ledger.record(reconcile({ reconcileID: "made", startedAt: 1, writes: [write] }).entry);
  ledger.record(reconcile({ reconcileID: "other", startedAt: 2, name: "other" }).entry);
  ledger.record(reconcile({ reconcileID: "elsewhere", startedAt: 3, namespace: "elsewhere" }).entry);
  const deleted = {
    type: "event",
    event: "deleted",
    resource: "configmaps",
    namespace: "default",
    name: "hello-config",
    resourceVersion: "9",
  } as const;
  ledger.record(reconcile({ reconcileID: "repaired", startedAt: 4, causes: [deleted] }).entry);
  return { controller: "webapp", resource: WebApp, ledger };
}

const ids = (kind: string, name: string, namespace = "default"): string[] =>
  lookUp([source()], { kind, name, namespace }).entries.map(({ reconcileID }) => reconcileID);

test("finds the reconciles of an object, oldest first", () => {
  expect(ids("webapp", "hello")).toEqual(["made", "repaired"]);
  expect(ids("webapp", "hello", "elsewhere")).toEqual(["elsewhere"]);
  expect(lookUp([source()], { kind: "webapp", name: "hello", namespace: "default" })).toMatchObject({
    reconciled: true,
    entries: [{ resource: "webapps.apps.example.com" }, {}],
  });
});

test("finds what another object caused, and what wrote it", () => {
  for (const kind of ["configmap", "ConfigMap", "configmaps"])
    expect(ids(kind, "hello-config")).toEqual(["made", "repaired"]);
  expect(lookUp([source()], { kind: "configmap", name: "hello-config", namespace: "default" }).reconciled).toBe(false);
});

test("finds nothing of what nobody knows", () => {
  expect(ids("webapp", "nobody")).toEqual([]);
  expect(ids("pod", "hello-config")).toEqual([]);
  expect(ids("configmap", "hello-config", "elsewhere")).toEqual([]);
});

describe("a kind", () => {
  test.each(["webapp", "WebApp", "webapps", "webapps.apps.example.com", "webapp.apps.example.com"])(
    "may be called %s",
    (name) => {
      expect(namesResource(name, WebApp)).toBe(true);
    },
  );
  test.each(["web", "webapps.example.com", ""])("is not called %j", (name) => {
    expect(namesResource(name, WebApp)).toBe(false);
  });
});
