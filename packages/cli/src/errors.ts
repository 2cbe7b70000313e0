import { ApiError } from "@homeostat/api";

/** A flag or argument that makes no sense: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Something in the world is in the way, and the message says what to do about it: exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

export function exitCode(error: unknown): 1 | 2 {
  return error instanceof UsageError ? 2 : 1;
}

/** Errors that say where a program is wrong, rather than what is wrong with its surroundings. */
const mistakes = [TypeError, ReferenceError, RangeError, SyntaxError];

/**
 * An error as one line for people.
 *
 * @param verbose adds the stack, and those of its causes
 */
export function errorText(error: unknown, { verbose = false }: { readonly verbose?: boolean } = {}): string {
  const line = `homeostat: ${oneLine(explanation(error))}`;
  if (!verbose || !(error instanceof Error)) return line;
  return [line, ...stacks(error)].join("\n");
}

function explanation(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ApiError) return `the API server answered ${error.message}`;
  if (mistakes.some((kind) => error instanceof kind)) {
    return `${error.message} (this is a mistake in homeostat; --verbose shows where)`;
  }
  return error.message;
}

function oneLine(text: string): string {
  return text
    .split(/\s*\n\s*/)
    .filter((part) => part !== "")
    .join("; ")
    .replaceAll(":; ", ": ");
}

function stacks(error: Error): string[] {
  const found: string[] = [];
  for (let cause: unknown = error; cause instanceof Error && found.length < 5; cause = cause.cause) {
    found.push(cause.stack ?? String(cause));
  }
  return found;
}

/** What a system call's error means for the file at `path`, with the way out. */
export function fileError(what: string, path: string, error: unknown, wayOut: string): CommandError {
  const code = (error as NodeJS.ErrnoException)?.code ?? "";
  const why: Readonly<Record<string, string>> = {
    EACCES: "this user may not write there",
    EPERM: "this user may not write there",
    EROFS: "the file system is read-only",
    ENOTDIR: "a part of the path is a file",
    EEXIST: "a part of the path is a file",
    EISDIR: "it is a directory",
    ENOSPC: "the disk is full",
  };
  const reason = why[code] ?? (error instanceof Error ? error.message : String(error));
  return new CommandError(`cannot ${what} ${path}: ${reason}; ${wayOut}`, { cause: error });
}
