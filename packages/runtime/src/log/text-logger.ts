import { type Clock, systemClock } from "@homeostat/api";
import type { Logger } from "../log.ts";
import { logFields } from "./log-values.ts";

/** From the least important to the most. */
export type LogLevel = "debug" | "info" | "warn" | "error";
const levels: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface TextLoggerOptions {
  readonly level: LogLevel;
  readonly destination: { write(line: string): void };
  readonly colors: boolean;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

const colors: Readonly<Record<LogLevel | "dim", number>> = { debug: 90, info: 32, warn: 33, error: 31, dim: 90 };

/**
 * Lines for people: time of day in UTC, level, message, then the fields as `key=value`, and an error's stack below.
 *
 *     12:00:01.250 INFO  Reconciled  controller=webapp namespace=demo name=a
 */
export function textLogger(options: TextLoggerOptions, bound: Record<string, unknown> = {}): Logger {
  const { level, destination, clock = systemClock } = options;
  const paint = (color: LogLevel | "dim", text: string): string =>
    options.colors ? `\u001b[${colors[color]}m${text}\u001b[39m` : text;
  const write = (at: LogLevel, fields: Record<string, unknown>, message: string): void => {
    if (levels.indexOf(at) < levels.indexOf(level)) return;
    const all = { ...bound, ...logFields(fields) };
    const time = new Date(clock.now()).toISOString().slice(11, 23);
    const pairs = Object.entries(all)
      .filter(([, value]) => value !== undefined && !isError(value))
      .map(([key, value]) => `${paint("dim", `${key}=`)}${textOf(value)}`);
    const stacks = Object.entries(all).filter(([, value]) => isError(value));
    const head = [paint("dim", time), paint(at, at.toUpperCase().padEnd(5)), message].join(" ");
    const lines = [[head, ...(pairs.length > 0 ? [` ${pairs.join(" ")}`] : [])].join(" ")];
    for (const [key, value] of stacks) lines.push(...stackLines(key, value as ErrorValue));
    destination.write(`${lines.join("\n")}\n`);
  };
  return {
    debug: (fields, message) => write("debug", fields, message),
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
    child: (fields) => textLogger(options, { ...bound, ...logFields(fields) }),
  };
}

interface ErrorValue {
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause?: unknown;
}

const isError = (value: unknown): value is ErrorValue =>
  typeof value === "object" && value !== null && "stack" in value && "message" in value;

function stackLines(key: string, { stack, message, cause }: ErrorValue): string[] {
  const lines = (stack ?? message).split("\n").map((line, index) => (index === 0 ? `  ${key}: ${line}` : `  ${line}`));
  return isError(cause) ? [...lines, ...stackLines("caused by", cause)] : lines;
}

/** Words as they are, everything else as JSON, so that a line can be taken apart again. */
function textOf(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? "undefined";
}
