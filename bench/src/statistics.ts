/** The value that a share `q` of the samples does not exceed, between neighbours by their distance. NaN of nothing. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(samples: readonly number[]): Summary {
  return { median: quantile(samples, 0.5), min: quantile(samples, 0), max: quantile(samples, 1) };
}

/** Quotients round by round, which cancels what slowed a whole round. */
export function ratios(ours: readonly number[], beside: readonly number[]): Summary {
  return summarize(ours.slice(0, beside.length).map((value, round) => value / beside[round]!));
}
