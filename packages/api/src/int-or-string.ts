import { SyntaxFault } from "./errors.ts";

/** A count, or a percentage such as `25%`. Source: util/intstr. */
export type IntOrString = number | string;

/**
 * How many of `total` are meant: a number stands for itself, a percentage for its part of `total`, rounded up or down.
 * Throws `SyntaxFault` for any other string. `maxUnavailable` rounds down, `maxSurge` up.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  if (percent === undefined) {
    throw new SyntaxFault(
      value,
      `invalid value for IntOrString: ${JSON.stringify(value)} is neither a number nor a percentage such as "25%"`,
    );
  }
  // In whole numbers, so that 7% of 100 is 7 and not a hair more.
  const hundredfold = Number(percent) * total;
  return roundUp ? Math.ceil(hundredfold / 100) : Math.floor(hundredfold / 100);
}
