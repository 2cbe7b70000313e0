import type { Library } from "./environment.ts";

/** Conversions of the standard language that the evaluator library lacks. Source: CEL language definition, "Standard definitions". */
export function registerConversions({ env }: Library): void {
  const time = "google.protobuf.Timestamp";
  const duration = "google.protobuf.Duration";
  env.registerFunction(`string(${time}): string`, (at: Date) => timeText(at));
  env.registerFunction(`string(${duration}): string`, (value: object) => String(value));
  env.registerFunction(`int(${time}): int`, (at: Date) => BigInt(Math.floor(at.getTime() / 1000)));
  env.registerFunction(`timestamp(${time}): ${time}`, (at: Date) => at);
  env.registerFunction(`duration(${duration}): ${duration}`, (value: object) => value);
}

/** RFC 3339 without zeros at the end of the fraction. */
export function timeText(at: Date): string {
  return at.toISOString().replace(/\.?0*Z$/, "Z");
}
