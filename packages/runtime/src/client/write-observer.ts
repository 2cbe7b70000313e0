import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { CachedObject } from "../cache/store.ts";

export type WriteVerb =
  | "create"
  | "update"
  | "patchJson"
  | "patchMerge"
  | "patchStrategic"
  | "apply"
  | "delete"
  | "deleteAll";

/** A write that succeeded, as the ledger, the loop guard and metrics want to know it. Never carries secrets' values by itself. */
export interface WriteRecord {
  readonly verb: WriteVerb;
  readonly resource: Resource;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** The object as the server answered; undefined where it answered with a Status. */
  readonly result: Stored | KubeObject | undefined;
  /** The object as the cache had it before, where it had. Compare lazily: `changedPaths(before, result)`. */
  readonly before: CachedObject | undefined;
  /**
   * Whether the write changed anything, judged by the resourceVersion before and after; undefined where the version
   * before is not known. `false` is certain; `true` may be another's change that the cache had not seen yet.
   */
  readonly changed: boolean | undefined;
  readonly dryRun: boolean;
}

/** Called after each successful write, before its caller goes on. Must not throw. */
export type WriteObserver = (record: WriteRecord) => void;
