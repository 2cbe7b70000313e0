import type { KubeObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import type { TempoStackSpec } from "../../api/tempo-stack.ts";
import { type Rendered, type StackCircumstances, stackOf } from "./rendered.test-support.ts";

/** A stack, and what makes it differ from the one it is compared to. */
export interface ChangeCase {
  readonly title: string;
  readonly spec: Partial<TempoStackSpec>;
  readonly circumstances?: StackCircumstances;
  readonly changes: readonly string[];
}

/** Tests that each case makes its changes, to the stack that `before` describes, and no other. */
export function describeChanges(what: string, before: Partial<TempoStackSpec>, cases: readonly ChangeCase[]): void {
  const original = stackOf(before);
  describe(what, () => {
    it.each(cases)("$title", ({ spec, circumstances, changes: expected }) => {
      expect(changes(original, stackOf(spec, circumstances))).toEqual(expected);
    });
  });
}

/**
 * What `after` has else than `before`, one line each: `who: + path value`, `who: - path value` (what was) and
 * `who: ~ path value` (what is). Objects that change alike share a line. `who` is the component for a workload, whose
 * paths begin at its pod; entries of lists go by their names, and texts line by line. Digests are left out, as is what
 * other folders make (gateway, policies, monitoring) and the query-frontend's file, which is told of where it is written.
 */
export function changes(before: Rendered, after: Rendered): readonly string[] {
  const [old, now] = [objectsByName(before), objectsByName(after)];
  const who = new Map<string, string[]>();
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(name), now.get(name)];
    const lines = was && is ? fieldChanges("", asMap(was), asMap(is)) : [was ? "-" : "+"];
    for (const line of lines) who.set(line, [...(who.get(line) ?? []), name]);
  }
  return [...who].map(([line, names]) =>
    line.length === 1 ? `${line} ${names.join(" ")}` : `${names.join(" ")}: ${line}`,
  );
}

const foreignKinds = [
  ...["NetworkPolicy", "ServiceMonitor", "PrometheusRule", "GrafanaDatasource"],
  ...["CredentialsRequest", "ClusterRole", "ClusterRoleBinding"],
];

function objectsByName({ all }: Rendered): ReadonlyMap<string, KubeObject> {
  const own = all.filter(
    ({ kind, metadata }) => !foreignKinds.includes(kind!) && !metadata!.name!.startsWith("tempo-simplest-gateway"),
  );
  return new Map(own.map((one) => [shortName(one), one]));
}

/** `querier` for a workload, `Service/querier` for the rest; the whole name where it is no component's. */
function shortName({ kind, metadata }: KubeObject): string {
  const component = metadata!.name!.replace(/^tempo-simplest-?/, "");
  if (kind === "Deployment" || kind === "StatefulSet") return component;
  return component === "" ? kind! : `${kind}/${component}`;
}

/** Stands for the value of what has none: a line, an argument. */
const present = Symbol("present");

type Fields = ReadonlyMap<string, unknown>;

function fieldChanges(path: string, was: Fields, is: Fields): string[] {
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((key) => {
    if (key === "tempo-query-frontend.yaml") return [];
    const at = path ? `${path}.${key}` : key;
    const [old, now] = [was.get(key) ?? emptied(is.get(key)), is.get(key) ?? emptied(was.get(key))];
    if (old === undefined) return told("+", at, now);
    if (now === undefined) return told("-", at, old);
    if (isComposed(old) && isComposed(now)) return fieldChanges(at, asMap(old), asMap(now));
    return old === now || isDigest(now) ? [] : told("~", at, now);
  });
}

/** A list or a text that is not there tells the same as one without entries. */
const emptied = (other: unknown) => (Array.isArray(other) || isText(other) ? [] : undefined);
const isText = (value: unknown): value is string => typeof value === "string" && value.includes("\n");
const isComposed = (value: unknown): value is object | string =>
  (typeof value === "object" && value !== null) || isText(value);
const isDigest = (value: unknown) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** Fields by their names; entries of lists by the names they have, by themselves where they are texts, else by place. */
function asMap(value: object | string): Fields {
  if (isText(value)) return new Map(value.split("\n").map((line) => [line.trim(), present]));
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  return new Map(
    value.map((one, at) => (typeof one === "string" ? [one, present] : [one.name ?? String(at), unnamed(one)])),
  );
}

const unnamed = ({ name: _, ...rest }: { readonly name?: string }): unknown => rest;

function told(sign: string, path: string, value: unknown): string[] {
  const short = path.replace(/^spec\.template\.spec\./, "").replace(/^spec\.template\.metadata\./, "pod.");
  const text = isDigest(value) ? "<hash>" : typeof value === "string" ? value : JSON.stringify(value);
  const line = value === present ? `${sign} ${short}` : `${sign} ${short} ${text}`;
  // As a shell writes it: in a literal, the braces would look like a forgotten template.
  return [line.replace(/\$\{(\w+)\}/g, "$$$1")];
}
