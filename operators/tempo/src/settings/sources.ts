import { parseDocument } from "yaml";
import type { FeatureGates } from "./feature-gates.ts";
import { gateOptions, type Option, options, type Values } from "./options.ts";
import { SettingsError } from "./settings-error.ts";

/** What one source sets. */
export interface SourceValues {
  readonly values: Values;
  readonly gates: Partial<FeatureGates>;
  /** What it says that has no effect. */
  readonly warnings: readonly string[];
}

export const nothing: SourceValues = { values: {}, gates: {}, warnings: [] };

/** The later one wins, setting by setting. */
export function overlaid(sources: readonly SourceValues[]): SourceValues {
  return {
    values: Object.assign({}, ...sources.map(({ values }) => values)),
    gates: Object.assign({}, ...sources.map(({ gates }) => gates)),
    warnings: sources.flatMap(({ warnings }) => warnings),
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables. @throws SettingsError for those that the operator does not start without */
export function variableValues(env: Environment): SourceValues {
  const warnings: string[] = [];
  const entries = Object.entries<Option>(options).flatMap(([name, { variable, parse, stops }]) => {
    const raw = variable === undefined ? undefined : env[variable];
    if (!raw?.trim()) return [];
    const what = `variable ${variable}: ${JSON.stringify(raw)}`;
    try {
      return [[name, parse(raw)]];
    } catch (error) {
      if (stops) throw new SettingsError(`${what} ${messageOf(error)}`);
      warnings.push(`${what} ${messageOf(error)}; it is ignored`);
      return [];
    }
  });
  const { gates, unknown } = readGates(env["FEATURE_GATES"] ?? "");
  return {
    values: Object.fromEntries(entries),
    gates,
    warnings: [
      ...warnings,
      ...unknown.map((gate) => `variable FEATURE_GATES: there is no gate "${gate}"; it is ignored`),
    ],
  };
}

/** `httpEncryption,-networkPolicies`: gates to open, and with `-` to close. */
function readGates(list: string): { readonly gates: Partial<FeatureGates>; readonly unknown: readonly string[] } {
  const named = list
    .split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => ({ gate: each.replace(/^-/, ""), isOpen: !each.startsWith("-") }));
  const isKnown = ({ gate }: { readonly gate: string }): boolean => Object.hasOwn(gateOptions, gate);
  return {
    gates: Object.fromEntries(named.filter(isKnown).map(({ gate, isOpen }) => [gate, isOpen])),
    unknown: named.filter((each) => !isKnown(each)).map(({ gate }) => gate),
  };
}

/** Flags, by name. @throws SettingsError for a bad value: who types a flag sees it */
export function flagValues(flags: Environment): SourceValues {
  const entries = Object.entries<Option>(options).flatMap(([name, { flag, parse }]) => {
    const raw = flag === undefined ? undefined : flags[flag];
    return raw === undefined ? [] : [[name, parsed(`flag --${flag}`, raw, parse)]];
  });
  return { ...nothing, values: Object.fromEntries(entries) };
}

/** A document of kind ProjectConfig. @throws SettingsError where it is none, or has a bad value */
export function fileValues(yaml: string): SourceValues {
  const document = parseDocument(yaml);
  const [error] = document.errors;
  if (error) throw new SettingsError(`configuration file: ${error.message.split("\n")[0]}`);
  const content: unknown = document.toJS() ?? {};
  if (!isMap(content)) throw new SettingsError("configuration file: must be a map of settings, of kind ProjectConfig");
  checkKind(content);
  const { apiVersion: _, kind: __, metadata: ___, spec = {}, ...top } = content;
  // In the user documents the settings stand under `spec`.
  return readKeys({ ...(isMap(spec) ? spec : {}), ...top });
}

function checkKind({ apiVersion, kind }: Readonly<Record<string, unknown>>): void {
  const group = String(apiVersion ?? "config.tempo.grafana.com/v1alpha1");
  if ((kind ?? "ProjectConfig") !== "ProjectConfig" || !group.startsWith("config.tempo.grafana.com/"))
    throw new SettingsError(
      `configuration file: is a ${kind} of ${apiVersion}, and must be a ProjectConfig of config.tempo.grafana.com/v1alpha1`,
    );
}

/** Keys that others may set here, and where their place is. */
const elsewhere: Readonly<Record<string, string>> = {
  resources: "set resources of containers in the operator's Deployment",
};

function readKeys(content: Readonly<Record<string, unknown>>): SourceValues {
  const byKey = new Map<string, { readonly name: string; readonly option: Option; readonly isGate: boolean }>();
  const enter = (all: Readonly<Record<string, Option>>, isGate: boolean) => {
    for (const [name, option] of Object.entries(all))
      for (const key of option.keys ?? []) byKey.set(key.toLowerCase(), { name, option, isGate });
  };
  enter(options, false);
  enter(gateOptions, true);
  const values: Record<string, unknown> = {};
  const gates: Record<string, unknown> = {};
  const warnings: string[] = [];
  const walk = (map: Readonly<Record<string, unknown>>, path: string): void => {
    for (const [field, value] of Object.entries(map)) {
      const key = path === "" ? field : `${path}.${field}`;
      const known = byKey.get(key.toLowerCase());
      const what = `key ${key} of the configuration file`;
      if (value === null) continue;
      if (known) (known.isGate ? gates : values)[known.name] = parsed(what, value, known.option.parse);
      else if (isMap(value) && [...byKey.keys()].some((each) => each.startsWith(`${key.toLowerCase()}.`)))
        walk(value, key);
      else warnings.push(`${what} has no effect: ${elsewhere[key] ?? "there is no such setting"}`);
    }
  };
  walk(content, "");
  return { values: values as Values, gates: gates as Partial<FeatureGates>, warnings };
}

function parsed<V>(what: string, raw: unknown, parse: (raw: unknown) => V): V {
  try {
    return parse(raw);
  } catch (error) {
    throw new SettingsError(`${what}: ${JSON.stringify(raw)} ${messageOf(error)}`);
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
