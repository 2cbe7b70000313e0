import type { Client } from "@homeostat/runtime";
import type { ReloaderOptions } from "../options.ts";

export interface WorkloadAsked {
  /** As people type it: `deploy`, `deployments`, `deployments.apps`, `Deployment`. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Says in words what rolls a workload, what does not and why, and what to write so that it does: read from the cluster
 * as it is now, whether an operator runs or not. Names and annotations are read, contents are not.
 *
 * @param options those the operator runs with. Default: those that it tells in its meta-info ConfigMap, else its own defaults
 * @returns undefined where the kind is none that is reloaded, or where there is no such object
 */
export async function explainWorkload(
  client: Client,
  asked: WorkloadAsked,
  options?: ReloaderOptions,
): Promise<string[] | undefined> {
  // Only who asks needs it: the operator starts without.
  const { reportOf } = await import("./read-workload.ts");
  const { explain } = await import("./workload-report.ts");
  const report = await reportOf(client, asked, options);
  return report && explain(report);
}
