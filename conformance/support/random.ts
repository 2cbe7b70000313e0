/** Random choices that a seed repeats. */
export interface Random {
  /** In [0, 1). */
  (): number;
  /** A whole number in [0, below). */
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Whether something that happens so often, in [0, 1], happens now. */
  chance(probability: number): boolean;
}

/** Mulberry32: small, and good enough to choose tests by. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(random() * limit);
  return Object.assign(random, {
    below,
    pick: <T>(choices: readonly T[]): T => choices[below(choices.length)]!,
    chance: (probability: number): boolean => random() < probability,
  });
}

/** A count from the environment, for long runs of a test that is short otherwise. @throws Error when it is no number */
export function countFrom(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined || text === "") return otherwise;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${variable}=${text} is no count`);
  return count;
}
