import type { WhyFlags } from "../commands/why.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { toldLines, whyLines } from "../view/why.ts";
import { askLedger, type LedgerAnswer } from "./ledger-client.ts";
import type { LedgerQuery, LedgerReport } from "./ledger-lookup.ts";
import { askOperator } from "./operator-ledger.ts";
import { type RunFile, readRunFile, runFilePath } from "./run-file.ts";
import { toldOf } from "./told.ts";

export interface WhyOptions extends WhyFlags {
  readonly kind: string;
  readonly name: string;
}

/** Prints why an object was reconciled lately. @throws CommandError */
export async function why(options: WhyOptions, { stdout }: Environment): Promise<void> {
  const { kind, name, namespace, last } = options;
  const query = { kind, name, namespace };
  const report = options.address
    ? await askOperator(options.address, query)
    : await askCluster(options.kubeconfig, query);
  const events = options.address ? [] : await toldOf(options.kubeconfig, query);
  const shown = { ...report, entries: report.entries.slice(-last), events: events.slice(-last) };
  const lines = () => [...whyLines(shown, query), ...toldLines(shown.events)];
  const text = options.json ? JSON.stringify(shown, null, 2) : lines().join("\n");
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
