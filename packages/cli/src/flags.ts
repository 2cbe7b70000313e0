import { UsageError } from "./errors.ts";

/** @throws UsageError */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new UsageError(`--port ${text}: a port is a number from 1 to 65535, or 0 for any free one`);
  }
  return port;
}

/** @throws UsageError */
export function parseCount(flag: string): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || !Number.isSafeInteger(count)) {
      throw new UsageError(`${flag} ${text}: give a number of at least 1`);
    }
    return count;
  };
}

/** One of several words. @throws UsageError naming them */
export function parseWord<const W extends string>(flag: string, words: readonly W[]): (text: string) => W {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new UsageError(`${flag} ${text}: choose one of ${words.join(", ")}`);
    return found;
  };
}
