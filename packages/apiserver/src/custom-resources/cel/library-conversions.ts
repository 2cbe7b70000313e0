import { EvaluationError } from "@marcbachmann/cel-js";
import { parseGoDuration } from "../formats.ts";
import type { Library } from "./library.ts";
import { overriddenName } from "./program.ts";

/** Conversions of the standard language that the evaluator library lacks. Source: CEL language definition, "Standard definitions". */
export function registerConversions({ env, makeDuration }: Library): void {
  const time = "google.protobuf.Timestamp";
  const duration = "google.protobuf.Duration";
  env.registerFunction(`string(${time}): string`, (at: Date) => timeText(at));
  env.registerFunction(`string(${duration}): string`, (value: object) => String(value));
  env.registerFunction(`int(${time}): int`, (at: Date) => BigInt(Math.floor(at.getTime() / 1000)));
  env.registerFunction(`timestamp(${time}): ${time}`, (at: Date) => at);
  const own = overriddenName("duration");
  env.registerFunction(`${own}(${duration}): ${duration}`, (value: object) => value);
  // The library's pattern takes cubic time for long texts.
  env.registerFunction(`${own}(string): ${duration}`, (text: string) => {
    const nanos = parseGoDuration(text);
    if (nanos === undefined) throw new EvaluationError("invalid duration: it is written as in 1h30m or 90s");
    return makeDuration(nanos);
  });
}

/** RFC 3339 without zeros at the end of the fraction. */
export function timeText(at: Date): string {
  return at.toISOString().replace(/\.?0*Z$/, "Z");
}
