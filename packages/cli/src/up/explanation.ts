import { connect, createClient } from "@homeostat/runtime";
import { printable } from "../view/text.ts";
import type { LedgerQuery } from "./ledger-lookup.ts";

/**
 * What rolls a workload, what does not and why, in the words of the reloader operator: it knows that of objects it never
 * had anything to do with. Read with the kubeconfig, so it needs no `up` that runs.
 *
 * @returns undefined where it is no workload or not there, the operator's kind is not served, or nobody answers
 */
export async function explanationOf(kubeconfig: string, query: LedgerQuery): Promise<string[] | undefined> {
  const { explainWorkload, ReloaderConfig } = await import("@homeostat/reloader");
  try {
    const { transport } = connect({ kubeconfig });
    try {
      const client = createClient({ transport });
      await client.list(ReloaderConfig, { namespace: query.namespace, limit: 1, from: "live" });
      const lines = await explainWorkload(client, query);
      return lines?.map(printable);
    } finally {
      await transport.close();
    }
  } catch {
    // It comes on top: what was asked first says what is wrong with the cluster.
    return undefined;
  }
}
