import { describe, expect, test } from "vitest";
import { readProgram } from "./flags.ts";

const read = (...args: string[]) => readProgram(args, {}).operator;

describe("flags", () => {
  test("without any are Stakater Reloader's defaults", () => {
    expect(readProgram([], {})).toMatchObject({
      address: "0.0.0.0:9090",
      logLevel: "info",
      alerts: undefined,
      warnings: [],
      operator: {
        autoReloadAll: false,
        reloadStrategy: "env-vars",
        reloadOnCreate: false,
        reloadOnDelete: false,
        argoRollouts: false,
        ignoredResources: [],
        ignoredWorkloads: [],
        writeLastHash: true,
      },
    });
  });

  test("that are switches take a value or none", () => {
    expect(read("--auto-reload-all").autoReloadAll).toBe(true);
    expect(read("--auto-reload-all=true").autoReloadAll).toBe(true);
    expect(read("--auto-reload-all=false").autoReloadAll).toBe(false);
    expect(read("--write-last-hash=false").writeLastHash).toBe(false);
  });

  test("for creation, deletion and Rollouts want exactly true", () => {
    for (const [value, on] of [
      ["true", true],
      ["True", false],
      ["1", false],
    ] as const) {
      const options = read(`--reload-on-create=${value}`, `--reload-on-delete=${value}`, `--is-Argo-Rollouts=${value}`);
      expect(options).toMatchObject({ reloadOnCreate: on, reloadOnDelete: on, argoRollouts: on });
    }
  });

  test("name kinds to ignore in any case, but not all resources", () => {
    expect(read("--resources-to-ignore=configMaps").ignoredResources).toEqual(["ConfigMap"]);
    expect(read("--ignored-workload-types=jobs,cronjobs").ignoredWorkloads).toEqual(["Job", "CronJob"]);
    expect(() => read("--resources-to-ignore=configmaps,secrets")).toThrow("not both");
    expect(() => read("--ignored-workload-types=pods")).toThrow("must be jobs or cronjobs");
  });

  test("read selectors in today's and the former grammar", () => {
    expect(read("--namespace-selector=env in (a,b),team=x").namespaceSelector).toBe("env in (a,b),team=x");
    expect(read("--resource-label-selector=env:prod,team:*").resourceLabelSelector).toBe("env=prod,team");
    expect(() => read("--namespace-selector=a in b")).toThrow("--namespace-selector");
  });

  test("rename annotations, and leave the others as they are", () => {
    const { keys } = read("--auto-annotation=a/b", "--configmap-annotation=c/d", "--secret-annotation=e/f");
    expect(keys).toEqual({
      auto: "a/b",
      named: {
        ConfigMap: "c/d",
        Secret: "e/f",
        SecretProviderClass: "secretproviderclass.reloader.stakater.com/reload",
      },
    });
  });

  test("keep to namespaces by flag before environment, and drop what chooses among all", () => {
    const env = { KUBERNETES_NAMESPACE: "team" };
    expect(readProgram(["--namespaces-to-ignore=x"], env).operator).toMatchObject({ namespaces: ["team"] });
    expect(readProgram(["--namespaces-to-ignore=x"], env).operator.ignoredNamespaces).toBeUndefined();
    expect(readProgram(["--namespaces=other"], env).operator.namespaces).toEqual(["other"]);
    expect(read("--namespaces-to-ignore=a, b").ignoredNamespaces).toEqual(["a", "b"]);
  });

  test("that are unknown or wrong stop the start, and say which", () => {
    expect(() => read("--reload-strategie=x")).toThrow("--reload-strategie");
    expect(() => read("--reload-strategy=default")).toThrow("must be one of env-vars, annotations");
    expect(() => read("--debounce=soon")).toThrow("--debounce");
    expect(() => read("--reloads-per-second=0")).toThrow("above 0");
  });

  test("without effect are named", () => {
    expect(readProgram(["--enable-pprof", "--sync-after-restart", "--log-format=xml"], {}).warnings).toHaveLength(3);
  });
});

describe("environment", () => {
  test("turns alerts on with exactly true, and wants an address", () => {
    const env = { ALERT_ON_RELOAD: "true", ALERT_SINK: "Slack", ALERT_WEBHOOK_URL: "https://x.example" };
    expect(readProgram([], env).alerts).toMatchObject({ sink: "slack", url: "https://x.example" });
    expect(readProgram([], { ...env, ALERT_SINK: "raw" }).alerts?.sink).toBe("text");
    expect(readProgram(["--alert-structured"], { ...env, ALERT_SINK: "webhook" }).alerts?.sink).toBe("customWebhook");
    expect(() => readProgram([], { ...env, ALERT_WEBHOOK_URL: "hooks.example/secret" })).toThrow(
      /^ALERT_WEBHOOK_URL[^s]/,
    );
    expect(readProgram([], { ...env, ALERT_ON_RELOAD: "True" }).alerts).toBeUndefined();
    expect(() => readProgram([], { ALERT_ON_RELOAD: "true" })).toThrow("ALERT_WEBHOOK_URL");
  });
});

describe("replicas", () => {
  test("elect a leader with --enable-ha, for which they must know who and where they are", () => {
    const env = { POD_NAME: "reloader-1", POD_NAMESPACE: "ops" };
    expect(readProgram(["--enable-ha"], env).election).toEqual({ identity: "reloader-1", namespace: "ops" });
    expect(readProgram([], env).election).toBeUndefined();
    expect(() => readProgram(["--enable-ha=true"], { POD_NAME: "reloader-1" })).toThrow("POD_NAMESPACE");
  });
});

describe("the proxy of alerts", () => {
  test("must be an address over http, and is not told where it is not", () => {
    expect(readProgram([], { ALERT_WEBHOOK_PROXY: "http://proxy:3128" }).alertProxy?.host).toBe("proxy:3128");
    const wrong = () => readProgram([], { ALERT_WEBHOOK_PROXY: "socks5://me:word@proxy" });
    expect(wrong).toThrow("ALERT_WEBHOOK_PROXY");
    expect(wrong).not.toThrow("word");
  });
});
