import { parseArgs } from "node:util";
import { type LabelMatcher, parseDuration, parseLabelSelector } from "@homeostat/api";
import type { Sink } from "../alerts/message.ts";
import type { WorkloadName } from "../kinds.ts";
import type { ReloaderOptions } from "../options.ts";
import { type AnnotationKeys, defaultAnnotationKeys } from "../rules/annotation-keys.ts";
import { parseBool } from "../rules/workload-rules.ts";

/** What the command line and the environment ask for. */
export interface Program {
  readonly operator: ReloaderOptions;
  /** Where /metrics and /live are served. Default `0.0.0.0:9090`. */
  readonly address: string;
  /** Where /healthz and /readyz are served. Default `0.0.0.0:8081`. */
  readonly healthAddress: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: "text" | "json";
  /** Replicas elect a leader: as whom, and where the Lease is. Flag `--enable-ha`. Undefined: nobody is elected. */
  readonly election: { readonly identity: string; readonly namespace: string } | undefined;
  /** Reloads counted by namespace, too. Env METRICS_COUNT_BY_NAMESPACE. */
  readonly countByNamespace: boolean;
  readonly alerts: GlobalAlerts | undefined;
  /** Hosts inside the cluster or this machine may be alerted. Flag `--alert-allow-private`. */
  readonly alertAllowPrivate: boolean;
  /** What alerts go through. Env ALERT_WEBHOOK_PROXY. */
  readonly alertProxy: URL | undefined;
  /** Where changes are told instead of reloading. Default: workloads are reloaded. */
  readonly webhookUrl: string | undefined;
  /** Where the operator runs, for the meta-info ConfigMap. Env RELOADER_NAMESPACE; without it none is written. */
  readonly home: { readonly namespace: string; readonly deployment: string } | undefined;
  /** What was accepted without effect: to be logged. */
  readonly warnings: readonly string[];
}

/** Alerts for every reload. Env ALERT_*. */
export interface GlobalAlerts {
  readonly sink: Sink;
  readonly url: string;
  /** Put before each message. */
  readonly additionalInfo: string | undefined;
}

/** The command line cannot be followed. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/** Flags that may stand without a value. */
const booleans = [
  "auto-reload-all",
  "sync-after-restart",
  "enable-ha",
  "enable-csi-integration",
  "enable-pprof",
  "write-last-hash",
  "config-namespace-selectors",
  "alert-allow-private",
  "alert-structured",
];
const strings = [
  "reload-strategy",
  "rollout-strategy",
  "reload-on-create",
  "reload-on-delete",
  "is-Argo-Rollouts",
  "is-openshift",
  "resources-to-ignore",
  "ignored-workload-types",
  "namespaces",
  "namespaces-to-ignore",
  "namespace-selector",
  "resource-label-selector",
  "target-namespaces",
  "webhook-url",
  "log-format",
  "log-level",
  "pprof-addr",
  "metrics-addr",
  "health-addr",
  "debounce",
  "debounce-quiet",
  "reloads-per-second",
];
const renames: Readonly<Record<string, (name: string) => Partial<AnnotationKeys>>> = {
  "auto-annotation": (auto) => ({ auto }),
  "configmap-auto-annotation": (name) => ({ autoOf: { ...defaultAnnotationKeys.autoOf, ConfigMap: name } }),
  "secret-auto-annotation": (name) => ({ autoOf: { ...defaultAnnotationKeys.autoOf, Secret: name } }),
  "configmap-annotation": (name) => ({ named: { ...defaultAnnotationKeys.named, ConfigMap: name } }),
  "secret-annotation": (name) => ({ named: { ...defaultAnnotationKeys.named, Secret: name } }),
  "auto-search-annotation": (search) => ({ search }),
  "search-match-annotation": (match) => ({ match }),
  "ignore-annotation": (ignore) => ({ ignore }),
  "pause-deployment-annotation": (pausePeriod) => ({ pausePeriod }),
  "pause-deployment-time-annotation": (pausedAt) => ({ pausedAt }),
};

type Values = Readonly<Record<string, string | undefined>>;

/** Reads Stakater Reloader's flags and environment, and ours. @throws FlagError that names the flag */
export function readProgram(args: readonly string[], env: Values): Program {
  const values = readFlags(args);
  const warnings: string[] = [];
  const unused: Readonly<Record<string, string>> = {
    "sync-after-restart": "changes made while the operator was away are always found",
    "enable-pprof": "this is no Go program: use the inspector of Node",
  };
  for (const [flag, why] of Object.entries(unused))
    if (parseBool(values[flag])) warnings.push(`--${flag} has no effect: ${why}`);
  const format = values["log-format"] ?? "";
  if (!["", "json", "text"].includes(format)) warnings.push(`--log-format="${format}" has no effect: json or nothing`);
  const webhookUrl = values["webhook-url"] || undefined;
  if (webhookUrl !== undefined && !/^https?:$/.test(URL.parse(webhookUrl)?.protocol ?? ""))
    throw new FlagError("--webhook-url: write it as http://host/path or https://host/path");
  return {
    operator: operatorOptions(values, env),
    address: values["metrics-addr"] ?? "0.0.0.0:9090",
    healthAddress: values["health-addr"] ?? "0.0.0.0:8081",
    logFormat: format === "json" ? "json" : "text",
    election: parseBool(values["enable-ha"]) ? election(env) : undefined,
    logLevel: logLevel(values["log-level"] ?? "info"),
    countByNamespace: env["METRICS_COUNT_BY_NAMESPACE"] === "enabled",
    alerts: globalAlerts(env, parseBool(values["alert-structured"])),
    alertProxy: alertProxy(env),
    alertAllowPrivate: parseBool(values["alert-allow-private"]),
    webhookUrl,
    home: env["RELOADER_NAMESPACE"]
      ? { namespace: env["RELOADER_NAMESPACE"], deployment: env["RELOADER_DEPLOYMENT_NAME"] ?? "reloader" }
      : undefined,
    warnings,
  };
}

function readFlags(args: readonly string[]): Values {
  const known = [...booleans, ...strings, ...Object.keys(renames)];
  const whole = args.map((arg) => (booleans.includes(arg.replace(/^--/, "")) ? `${arg}=true` : arg));
  try {
    const options = Object.fromEntries(known.map((name) => [name, { type: "string" as const }]));
    return parseArgs({ args: whole, options, strict: true }).values as Values;
  } catch (error) {
    throw new FlagError(error instanceof Error ? error.message : String(error));
  }
}

function operatorOptions(values: Values, env: Values): ReloaderOptions {
  const single = env["KUBERNETES_NAMESPACE"];
  const listed = list(values["namespaces"]);
  const namespaces = listed.length > 0 ? listed : single ? [single] : [];
  const keys = Object.entries(renames).reduce<Partial<AnnotationKeys>>((all, [flag, rename]) => {
    const name = values[flag];
    return name ? merge(all, rename(name)) : all;
  }, {});
  const openshift = values["is-openshift"];
  return {
    autoReloadAll: parseBool(values["auto-reload-all"]),
    reloadStrategy: oneOf("reload-strategy", values["reload-strategy"] || "env-vars", ["env-vars", "annotations"]),
    rolloutStrategy: oneOf("rollout-strategy", values["rollout-strategy"] || "rollout", ["rollout", "restart"]),
    // Only this very text counts, as it does upstream.
    reloadOnCreate: values["reload-on-create"] === "true",
    reloadOnDelete: values["reload-on-delete"] === "true",
    argoRollouts: values["is-Argo-Rollouts"] === "true",
    csi: parseBool(values["enable-csi-integration"]),
    deploymentConfigs: openshift === "true",
    ignoredResources: ignoredResources(values["resources-to-ignore"]),
    ignoredWorkloads: list(values["ignored-workload-types"]).map(ignoredWorkload),
    // Namespaces are chosen among all; who is kept to some does not choose.
    ...(namespaces.length > 0
      ? { namespaces }
      : {
          ignoredNamespaces: list(values["namespaces-to-ignore"]),
          ...selector("namespace-selector", values, "namespaceSelector"),
        }),
    ...selector("resource-label-selector", values, "resourceLabelSelector"),
    targetNamespaces: list(values["target-namespaces"]),
    configNamespaceSelectors:
      values["config-namespace-selectors"] === undefined || parseBool(values["config-namespace-selectors"]),
    writeLastHash: values["write-last-hash"] === undefined || parseBool(values["write-last-hash"]),
    ...(values["debounce"] === undefined ? {} : { debounceMs: duration("debounce", values["debounce"]) }),
    ...(values["debounce-quiet"] === undefined
      ? {}
      : { quietMs: duration("debounce-quiet", values["debounce-quiet"]) }),
    ...(values["reloads-per-second"] === undefined
      ? {}
      : { reloadsPerSecond: positive("reloads-per-second", values["reloads-per-second"]) }),
    keys,
  };
}

/** Two renames of one record of keys, as for ConfigMaps and for Secrets, add up. */
function merge(all: Partial<AnnotationKeys>, added: Partial<AnnotationKeys>): Partial<AnnotationKeys> {
  const result: Record<string, unknown> = { ...all };
  for (const [field, value] of Object.entries(added)) {
    const before = result[field];
    if (typeof value !== "object" || typeof before !== "object") result[field] = value;
    else {
      const defaults = defaultAnnotationKeys[field as "named" | "autoOf"] as Record<string, string>;
      const renamed = Object.entries(value).filter(([kind, name]) => defaults[kind] !== name);
      result[field] = { ...before, ...Object.fromEntries(renamed) };
    }
  }
  return result as Partial<AnnotationKeys>;
}

function ignoredResources(text: string | undefined): ("ConfigMap" | "Secret")[] {
  const kinds = list(text).map((each) => {
    if (/^configmaps$/i.test(each)) return "ConfigMap";
    if (/^secrets$/i.test(each)) return "Secret";
    throw new FlagError(`--resources-to-ignore: "${each}" must be configmaps or secrets`);
  });
  if (new Set(kinds).size > 1) throw new FlagError("--resources-to-ignore: not both, or nothing is left to watch");
  return kinds;
}

function ignoredWorkload(text: string): WorkloadName {
  if (/^jobs$/i.test(text)) return "Job";
  if (/^cronjobs$/i.test(text)) return "CronJob";
  throw new FlagError(`--ignored-workload-types: "${text}" must be jobs or cronjobs`);
}

/** Selectors may still be written as `key:value` and `key:*`, which earlier releases took. */
function selector<K extends string>(flag: string, values: Values, option: K): { readonly [P in K]?: string } {
  const text = values[flag];
  if (!text) return {};
  const modern = text.replace(/([^,\s:()]+):([^,\s]*)/g, "$1=$2").replace(/([^,\s=!]+)=\*/g, "$1");
  const plain = modern.replace(/^"(.*)"$/, "$1");
  let matcher: LabelMatcher;
  try {
    matcher = parseLabelSelector(plain);
  } catch (error) {
    throw new FlagError(`--${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (matcher.requirements?.length ? { [option]: plain } : {}) as { readonly [P in K]?: string };
}

function globalAlerts(env: Values, structured: boolean): GlobalAlerts | undefined {
  if (env["ALERT_ON_RELOAD"] !== "true") return undefined;
  const url = env["ALERT_WEBHOOK_URL"];
  if (!url) throw new FlagError("ALERT_ON_RELOAD is true, and ALERT_WEBHOOK_URL is empty: set it");
  // What it says is a secret.
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new FlagError("ALERT_WEBHOOK_URL: write it as https://host/path");
  const sinks = { slack: "slack", teams: "teams", gchat: "googleChat" } as const;
  const sink =
    sinks[(env["ALERT_SINK"] ?? "").toLowerCase() as keyof typeof sinks] ?? (structured ? "customWebhook" : "text");
  return { sink, url, additionalInfo: env["ALERT_ADDITIONAL_INFO"] };
}

function alertProxy(env: Values): URL | undefined {
  const text = env["ALERT_WEBHOOK_PROXY"];
  if (!text) return undefined;
  const url = URL.parse(text);
  // What it says may hold a password.
  if (url?.protocol !== "http:") throw new FlagError("ALERT_WEBHOOK_PROXY: write it as http://host:port");
  return url;
}

function election(env: Values): Program["election"] {
  const { POD_NAME: identity, POD_NAMESPACE: namespace } = env;
  if (!identity || !namespace) throw new FlagError("--enable-ha needs the environment's POD_NAME and POD_NAMESPACE");
  return { identity, namespace };
}

function logLevel(text: string): Program["logLevel"] {
  const levels = { trace: "debug", debug: "debug", info: "info", warning: "warn", warn: "warn" } as const;
  if (["error", "fatal", "panic"].includes(text)) return "error";
  const level = levels[text as keyof typeof levels];
  if (level === undefined) throw new FlagError(`--log-level: "${text}" must be debug, info, warning or error`);
  return level;
}

function list(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

function oneOf<const T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const found = choices.find((each) => each === text);
  if (found === undefined) throw new FlagError(`--${flag}: "${text}" must be one of ${choices.join(", ")}`);
  return found;
}

function duration(flag: string, text: string): number {
  try {
    return Math.max(0, parseDuration(text));
  } catch (error) {
    throw new FlagError(`--${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0 && Number.isFinite(number))) throw new FlagError(`--${flag}: "${text}" must be a number above 0`);
  return number;
}
