import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import type { ApiServerOptions } from "@homeostat/apiserver";
import { CommandError, fileError } from "../errors.ts";
import { type GoFlags, lastOf } from "./go-flags.ts";

/** A log of requests as flags want it, while it is open. */
export interface AuditLog {
  readonly options: Pick<ApiServerOptions, "audit">;
  close(): void;
}

const nothing: AuditLog = { options: {}, close: () => undefined };

/**
 * Opens what `--audit-log-path` names, `-` for standard output. As upstream, nothing is logged without a policy. Lines
 * are written as they come, so that they are there when the process is killed, which is how test environments end it.
 *
 * @throws CommandError
 */
export function openAuditLog(flags: GoFlags, print: (text: string) => void): AuditLog {
  const path = lastOf(flags, "audit-log-path");
  const policyFile = lastOf(flags, "audit-policy-file");
  const format = lastOf(flags, "audit-log-format") ?? "json";
  if (format !== "json") throw new CommandError(`--audit-log-format ${format}: only json is written here`);
  if (path === undefined || policyFile === undefined) return nothing;
  const policy = read(policyFile);
  if (path === "-") return { options: { audit: { policy, sink: print } }, close: () => undefined };
  const file = open(path);
  return { options: { audit: { policy, sink: (line) => void writeSync(file, line) } }, close: () => closeSync(file) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileError("read the file of --audit-policy-file,", path, error, "name a file that can be read");
  }
}

function open(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (error) {
    throw fileError("write the file of --audit-log-path,", path, error, "name a file that can be written");
  }
}
