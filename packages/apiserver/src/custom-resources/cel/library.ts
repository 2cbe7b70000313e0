import type { Environment } from "@marcbachmann/cel-js";
import type { Equals } from "./equality.ts";
import type { Meter } from "./meter.ts";

/** What a library is registered with. */
export interface Library {
  /** Without variables or declared types: those are for the user to add, to it or to a clone. */
  readonly env: Environment;
  readonly meter: Meter;
  readonly equals: Equals;
  /** Makes a duration value of nanoseconds. */
  makeDuration(nanos: bigint): unknown;
}
