import type { ReloaderConfig } from "../api.ts";
import type { SourceKind } from "../content/hash.ts";
import type { ReloadSource, ReloadStrategy } from "../reload/pod-template.ts";
import type { WorkloadRef } from "./world.ts";

/** One workload that was, or could not be, reloaded. */
export interface ReloadReport {
  readonly workload: WorkloadRef;
  readonly sources: readonly ReloadSource[];
  readonly strategy: ReloadStrategy;
  /** The configs that wanted it; none: annotations did. */
  readonly configs: readonly { readonly namespace: string; readonly spec: ReloaderConfig["spec"] }[];
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly error?: unknown;
}

/** Is told what happens, for metrics and alerts. Must return at once and never throw. */
export interface ReloadObserver {
  reloaded?(report: ReloadReport): void;
  failed?(report: ReloadReport): void;
  /** `already`: a reload was wanted, but the template says that it runs with this content. */
  skipped?(workload: WorkloadRef, why: string, already: boolean): void;
  /** Something that is depended on was written, and has the content it had. */
  unchanged?(kind: SourceKind): void;
  changed?(kind: SourceKind, type: "added" | "updated" | "deleted"): void;
}

/** Tells several. */
export function observers(all: readonly ReloadObserver[]): Required<ReloadObserver> {
  return {
    reloaded(report) {
      for (const each of all) each.reloaded?.(report);
    },
    failed(report) {
      for (const each of all) each.failed?.(report);
    },
    skipped(workload, why, already) {
      for (const each of all) each.skipped?.(workload, why, already);
    },
    unchanged(kind) {
      for (const each of all) each.unchanged?.(kind);
    },
    changed(kind, type) {
      for (const each of all) each.changed?.(kind, type);
    },
  };
}
