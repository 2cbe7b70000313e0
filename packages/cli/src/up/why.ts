import type { WhyFlags } from "../commands/why.ts";
import type { Environment } from "../environment.ts";
import { CommandError } from "../errors.ts";
import { whyLines } from "../view/why.ts";
import { askLedger, type LedgerAnswer } from "./ledger-client.ts";
import type { LedgerReport } from "./ledger-lookup.ts";
import { type RunFile, readRunFile, runFilePath } from "./run-file.ts";

export interface WhyOptions extends WhyFlags {
  readonly kind: string;
  readonly name: string;
}

/** Prints why an object was reconciled lately. @throws CommandError */
export async function why(options: WhyOptions, { stdout }: Environment): Promise<void> {
  const { kubeconfig, kind, name, namespace, last } = options;
  const run = await readRunFile(kubeconfig);
  if (!run) {
    throw new CommandError(
      `no running cluster is known beside ${kubeconfig} (there is no ${runFilePath(kubeconfig)}): start one with homeostat up, or name its file with --kubeconfig`,
    );
  }
  const { status, body } = await ask(run, { kind, name, namespace });
  if (status !== 200) throw new CommandError((body as { error?: string }).error ?? `the ledger answered ${status}`);
  const report = body as LedgerReport;
  const shown = { ...report, entries: report.entries.slice(-last) };
  const text = options.json ? JSON.stringify(shown, null, 2) : whyLines(shown, { kind, name, namespace }).join("\n");
  stdout.write(`${text}\n`);
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
