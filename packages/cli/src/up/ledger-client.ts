import { request } from "node:http";
import type { RunFile } from "./run-file.ts";

export interface LedgerAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** How long an answer may take, in milliseconds: it comes from memory of the same machine. */
const timeoutMs = 5_000;

/** Asks a running `up`. @throws what the system says when nobody is there */
export function askLedger(run: RunFile, query: Readonly<Record<string, string>>): Promise<LedgerAnswer> {
  const url = new URL(`/ledger?${new URLSearchParams(query)}`, run.ledger);
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { authorization: `Bearer ${run.token}` }, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
        } catch (error) {
          reject(error);
        }
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on("error", reject);
    sent.end();
  });
}

/** Whether the `up` that wrote the file still runs. */
export async function isRunning(run: RunFile): Promise<boolean> {
  return askLedger(run, {}).then(
    ({ status }) => status !== 401,
    () => false,
  );
}
