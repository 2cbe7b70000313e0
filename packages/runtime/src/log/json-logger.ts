import { type DestinationStream, pino, stdTimeFunctions } from "pino";
import type { Logger } from "../log.ts";

export interface JsonLoggerOptions {
  /** Least important level that is written. Default `info`. */
  readonly level?: "debug" | "info" | "warn" | "error";
  /** Where lines go. Default: standard output. */
  readonly destination?: { write(line: string): void };
}

/**
 * JSON lines by pino: `time` in RFC 3339, `level` by name, errors under `err` with type, message and stack. Objects of
 * the API that stray into fields are cut down to what names them, so that no Secret ends up in a log.
 */
export function createLogger(options: JsonLoggerOptions = {}): Logger {
  const settings = {
    level: options.level ?? "info",
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (level: string) => ({ level }),
      log: (fields: Record<string, unknown>) => mapValues(fields, named),
    },
  };
  return options.destination ? pino(settings, options.destination as DestinationStream) : pino(settings);
}

function named(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Error) return value;
  const { apiVersion, kind, metadata } = value as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: Record<string, unknown>;
  };
  if (typeof metadata !== "object" || metadata === null || typeof metadata["name"] !== "string") return value;
  return { apiVersion, kind, namespace: metadata["namespace"], name: metadata["name"] };
}

function mapValues(fields: Record<string, unknown>, map: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(value)]));
}
