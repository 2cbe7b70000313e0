/**
 * Counts the steps of an evaluation so that a rule somebody wrote cannot occupy the server. A step is a node of the
 * expression; functions over texts and lists add what their input is worth. Source: CEL cost units of
 * kube-apiserver (1 000 000 per expression, 10 000 000 per object), which these steps approximate.
 */
export interface Meter {
  /** Throws once the limit is passed, and at every charge after that. */
  charge(steps: number): void;
  /** Starts over with a limit. */
  reset(limit: number): void;
  readonly used: number;
  readonly exceeded: boolean;
}

export class CostExceeded extends Error {
  override readonly name = "CostExceeded";
}

export function createMeter(): Meter {
  let used = 0;
  let limit = Number.POSITIVE_INFINITY;
  return {
    charge(steps) {
      used += steps;
      if (used > limit) throw new CostExceeded("operation cancelled: actual cost limit exceeded");
    },
    reset(newLimit) {
      used = 0;
      limit = newLimit;
    },
    get used() {
      return used;
    },
    get exceeded() {
      return used > limit;
    },
  };
}
