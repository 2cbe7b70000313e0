import { type JsonObject, type Stored, sleep } from "@homeostat/api";
import type { Cluster } from "../clusters/cluster.ts";
import type { Propagation } from "../documents/test-document.ts";
import { linesOf } from "../operations/context.ts";
import { deleteAndWait } from "../operations/delete.ts";
import { nameOf } from "../operations/resources.ts";
import type { OperationReport } from "../reports/report.ts";
import type { SuiteContext } from "./suite-context.ts";

/** An object that a test has created. */
export interface CreatedObject {
  readonly cluster: Cluster;
  readonly object: JsonObject;
  readonly propagation: Propagation;
}

export interface CleanupOptions {
  readonly suite: SuiteContext;
  readonly test: string;
  readonly step: string;
  readonly timeoutMs: number;
  readonly delayMs: number;
  /** Not the run's: cleaning up goes on when that is stopped. */
  readonly signal: AbortSignal;
}

/** Deletes objects, the last made first, each gone before the next goes. Errors are reported, and the others still go. */
export async function deleteCreated(
  created: readonly CreatedObject[],
  options: CleanupOptions,
): Promise<OperationReport[]> {
  const { suite, delayMs, signal } = options;
  if (created.length > 0 && delayMs > 0) await sleep(suite.clock, delayMs, signal);
  const reports: OperationReport[] = [];
  for (const object of created.toReversed()) reports.push(await deleteOne(object, options));
  return reports;
}

export async function deleteOne(
  { cluster, object, propagation }: CreatedObject,
  { suite, test, step, timeoutMs, signal }: CleanupOptions,
): Promise<OperationReport> {
  const { clock } = suite;
  const startedAt = clock.now();
  let failure: readonly string[] | undefined;
  try {
    await deleteAndWait(cluster, object as unknown as Stored, propagation, { clock, timeoutMs, signal });
  } catch (error) {
    failure = linesOf(error);
  }
  const endedAt = clock.now();
  const what = nameOf(object);
  const phase = "cleanup";
  suite.listener.operationEnded({ test, step, phase, type: "delete", what, tookMs: endedAt - startedAt, failure });
  return { name: what, type: "delete", phase, startedAt, endedAt, failure };
}
