import type { LedgerEntry, QueueReport } from "@homeostat/runtime";
import { CommandError } from "../errors.ts";
import { type LedgerQuery, type LedgerReport, type LedgerSource, lookUp } from "./ledger-lookup.ts";

/** How long an answer may take, in milliseconds. */
const timeoutMs = 10_000;

/**
 * The ledger of an operator that runs anywhere, by its profiling address (`kubectl port-forward` reaches that of a pod).
 *
 * @throws CommandError where nobody answers, or nothing is remembered
 */
export async function askOperator(address: string, query: LedgerQuery): Promise<LedgerReport> {
  const text = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) throw new CommandError(`--address "${address}" must be host:port, as 127.0.0.1:6060`);
  const base = new URL(text);
  const { queues } = await read<{ queues: readonly QueueReport[] }>(base, "/debug/queues");
  const { entries } = await read<{ entries: readonly LedgerEntry[] }>(base, "/debug/ledger");
  const sources = queues.flatMap(({ controller, resource }): LedgerSource[] => {
    if (!resource) return [];
    const own = entries.filter((entry) => entry.controller === controller);
    return [{ controller, resource, ledger: { entries: (filter = {}) => own.filter((entry) => fits(entry, filter)) } }];
  });
  const report = lookUp(sources, query);
  if (report.entries.length > 0) return report;
  const kinds = [...new Set(sources.map(({ resource }) => resource.kind))].join(", ");
  throw new CommandError(
    `nothing is remembered about ${query.kind} ${query.namespace}/${query.name}: the operator at ${address} reconciles ${kinds || "no kind"}`,
  );
}

function fits(entry: LedgerEntry, filter: { readonly namespace?: string; readonly name?: string }): boolean {
  return (
    (filter.name === undefined || entry.name === filter.name) &&
    (filter.namespace === undefined || entry.namespace === filter.namespace)
  );
}

async function read<T>(base: URL, path: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    throw new CommandError(
      `no operator answers at ${base.host}: start it with --profiling-address, and forward the port where it is a pod's`,
      { cause: error },
    );
  }
  if (!response.ok)
    throw new CommandError(`${base.host} answered ${response.status} to ${path}: is that a profiling address?`);
  return (await response.json()) as T;
}
