import type { Clock } from "@homeostat/api";
import type { DestinationStream } from "pino";
import type { Logger } from "../log.ts";
import { pinoModule } from "../on-demand.ts";
import { logFields } from "./log-values.ts";
import { type LogLevel, textLogger } from "./text-logger.ts";

/** What is logged, how, and where to. */
export interface LoggerOptions {
  /** Least important level that is written. Default `info`. */
  readonly level?: LogLevel;
  /** `json`, one object a line, for machines; `text` for people who develop. Default `json`. */
  readonly format?: "json" | "text";
  /** Where lines go. Default: standard output. */
  readonly destination?: { write(line: string): void };
  /** Whether text goes to a terminal and may have colours. Default: whether standard output is one, where it goes there. */
  readonly isTTY?: boolean;
  /** Time of text lines. Default: the machine's. */
  readonly clock?: Clock;
}

export type JsonLoggerOptions = LoggerOptions;

/**
 * A logger: JSON lines by pino with `time` in RFC 3339, `level` by name, errors under `err` with type, message and
 * stack; or text for people. Whatever strays into fields, objects of the API are cut down to what names them, at any
 * depth and within errors, too, so that no Secret ends up in a log.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "info", format = "json", destination, clock } = options;
  if (format === "text") {
    const { stdout } = process;
    const colors = options.isTTY ?? (destination === undefined && stdout.isTTY === true);
    return textLogger({ level, destination: destination ?? stdout, colors, ...(clock ? { clock } : {}) });
  }
  const { pino, stdTimeFunctions } = pinoModule();
  const settings = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => logFields(fields),
    },
    // Errors have become plain values by then.
    serializers: { err: (value: unknown) => value },
  };
  const logger = destination ? pino(settings, destination as DestinationStream) : pino(settings);
  // Pino asks no formatter about the fields of children. They inherit this, being made from their parent.
  const { child } = logger;
  return Object.assign(logger, {
    child(this: unknown, fields: Record<string, unknown>): Logger {
      return Reflect.apply(child, this, [logFields(fields)]);
    },
  });
}
