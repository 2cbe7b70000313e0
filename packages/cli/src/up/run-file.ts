import { readFile, rm } from "node:fs/promises";
import { writePrivateFile } from "./private-file.ts";

/** How other commands find a running `up`: a file beside its kubeconfig, for its owner only. */
export interface RunFile {
  readonly pid: number;
  /** Where its ledger is read: `http://127.0.0.1:41234`. */
  readonly ledger: string;
  /** Sent as a bearer token. */
  readonly token: string;
  /** Of the API server. */
  readonly server: string;
}

/** One for each kubeconfig, so that several clusters may keep theirs in one folder. */
export const runFilePath = (kubeconfig: string): string => `${kubeconfig}.run.json`;

export async function writeRunFile(kubeconfig: string, run: RunFile): Promise<void> {
  await writePrivateFile(runFilePath(kubeconfig), `${JSON.stringify(run, null, 2)}\n`);
}

/** Undefined where there is none, or none that makes sense. */
export async function readRunFile(kubeconfig: string): Promise<RunFile | undefined> {
  try {
    const run = JSON.parse(await readFile(runFilePath(kubeconfig), "utf8")) as Partial<RunFile>;
    const { pid, ledger, token, server } = run;
    if (typeof pid !== "number" || typeof ledger !== "string" || typeof token !== "string") return undefined;
    return { pid, ledger, token, server: String(server) };
  } catch {
    return undefined;
  }
}

export async function removeRunFile(kubeconfig: string): Promise<void> {
  await rm(runFilePath(kubeconfig), { force: true });
}
