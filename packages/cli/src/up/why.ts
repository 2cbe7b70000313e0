import type { WhyFlags } from "../commands/why.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { toldLines, whyLines } from "../view/why.ts";
import { explanationOf } from "./explanation.ts";
import { askLedger, type LedgerAnswer } from "./ledger-client.ts";
import type { LedgerQuery, LedgerReport } from "./ledger-lookup.ts";
import { askOperator } from "./operator-ledger.ts";
import { type RunFile, readRunFile, runFilePath } from "./run-file.ts";
import { toldOf } from "./told.ts";

export interface WhyOptions extends WhyFlags {
  readonly kind: string;
  readonly name: string;
}

/**
 * Prints why an object was reconciled lately, what was said about it, and of a workload what rolls it and what does not:
 * of most that people ask about nothing is remembered, just because nothing was to be done.
 *
 * @throws CommandError
 */
export async function why(options: WhyOptions, { stdout }: Environment): Promise<void> {
  const { kind, name, namespace, last } = options;
  const query = { kind, name, namespace };
  const asked = options.address ? askOperator(options.address, query) : askCluster(options.kubeconfig, query);
  const [report, explanation] = await Promise.all([
    asked.catch((error: unknown) => ({ failed: error })),
    options.address ? undefined : explanationOf(options.kubeconfig, query),
  ]);
  if ("failed" in report && explanation === undefined) throw report.failed;
  const events = options.address ? [] : await toldOf(options.kubeconfig, query);
  const known = "failed" in report ? { reconciled: false, entries: [] } : report;
  const shown = { ...known, entries: known.entries.slice(-last), events: events.slice(-last) };
  const parts = [
    ...(shown.entries.length > 0 ? [whyLines(shown, query)] : []),
    // It begins with an empty line of its own.
    ...(shown.events.length > 0 ? [toldLines(shown.events).slice(1)] : []),
    ...(explanation === undefined ? [] : [explanation]),
  ];
  const text = options.json
    ? JSON.stringify({ ...shown, ...(explanation ? { explanation } : {}) }, null, 2)
    : parts.map((lines) => lines.join("\n")).join("\n\n");
  stdout.write(`${text}\n`);
}

async function askCluster(kubeconfig: string, query: LedgerQuery): Promise<LedgerReport> {
  const run = await readRunFile(kubeconfig);
  if (!run) {
    throw new CommandError(
      `no running cluster is known beside ${kubeconfig} (there is no ${runFilePath(kubeconfig)}): start one with homeostat up, name its file with --kubeconfig, or an operator's profiling address with --address`,
    );
  }
  const { status, body } = await ask(run, { ...query });
  if (status !== 200) throw new CommandError((body as { error?: string }).error ?? `the ledger answered ${status}`);
  return body as LedgerReport;
}

async function ask(run: RunFile, query: Readonly<Record<string, string>>): Promise<LedgerAnswer> {
  try {
    return await askLedger(run, query);
  } catch (error) {
    throw new CommandError(
      `the cluster of process ${run.pid} does not answer at ${run.ledger}: it has probably ended; start one with homeostat up`,
      { cause: error },
    );
  }
}
