import type { KubeObject } from "@homeostat/api";
import { reloadState } from "../rules/annotation-keys.ts";

/** `default/Secret/db`: a resource of the cluster, as the status of a ReloaderConfig names it. */
export type SourceKey = string;

export function sourceKey({ namespace, kind, name }: { namespace: string; kind: string; name: string }): SourceKey {
  return `${namespace}/${kind}/${name}`;
}

export function parseSourceKey(key: SourceKey): { namespace: string; kind: string; name: string } {
  const [namespace = "", kind = "", name = ""] = key.split("/");
  return { namespace, kind, name };
}

/** Said of a resource that is not there. */
export const absent = "absent";

/**
 * What is remembered of a workload, in an annotation on it: the contents it runs with, and who had it reloaded. It is
 * written in the same patch that changes the pod template, so that whenever the operator dies, a change was either
 * reloaded and is remembered, or was neither: each is reloaded exactly once.
 */
export interface ReloadRecord {
  /** Fingerprint of what the workload asked for when this was written; other wishes make resources newly known. */
  readonly rules: string;
  /** Digest of each content, or `absent`. */
  readonly contents: Readonly<Record<SourceKey, string>>;
  /** Reloads so far. */
  readonly reloads: number;
  /** When the last was, RFC 3339. */
  readonly at?: string;
  /** The share of each ReloaderConfig, by `namespace/name`. */
  readonly configs: Readonly<Record<string, ConfigShare>>;
  /** Pods that are older than this time are still to be replaced (restart strategy). */
  readonly restartBefore?: string;
}

export interface ConfigShare {
  readonly reloads: number;
  readonly at: string;
}

/** Reads the annotation; undefined where there is none or somebody has broken it, which is as if it were not there. */
export function readRecord(object: KubeObject): ReloadRecord | undefined {
  const text = object.metadata?.annotations?.[reloadState];
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Partial<ReloadRecord> | null;
    if (typeof record?.contents !== "object" || record.contents === null) return undefined;
    return {
      ...record,
      rules: String(record.rules ?? ""),
      contents: record.contents,
      reloads: Number(record.reloads) || 0,
      configs: record.configs ?? {},
    };
  } catch {
    return undefined;
  }
}

/** Keys are sorted, so that equal records read the same. */
export function formatRecord({ rules, contents, reloads, at, configs, restartBefore }: ReloadRecord): string {
  return JSON.stringify({
    rules,
    contents: Object.fromEntries(Object.entries(contents).toSorted(byKey)),
    reloads,
    ...(at === undefined ? {} : { at }),
    configs: Object.fromEntries(Object.entries(configs).toSorted(byKey)),
    ...(restartBefore === undefined ? {} : { restartBefore }),
  });
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
