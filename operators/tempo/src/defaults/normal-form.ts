import { canonicalQuantity, formatDuration, parseDuration, type ResourceRequirements } from "@homeostat/api";

/**
 * Values as Go writes them: `48h` is stored as `48h0m0s`, `2000m` as `2`. Objects that the Go operator stored read so,
 * and comparing against them must find no difference. What does not parse stays as it is: validation names it.
 */
export function normalDuration(text: string): string {
  return attempt(text, () => formatDuration(parseDuration(text)));
}

export function normalQuantity(value: string | number): string | number {
  return attempt(value, () => canonicalQuantity(value));
}

export function normalResources<T extends ResourceRequirements>(resources: T): T {
  const { limits, requests } = resources;
  return {
    ...resources,
    ...(limits ? { limits: normalList(limits) } : {}),
    ...(requests ? { requests: normalList(requests) } : {}),
  };
}

const normalList = (list: Readonly<Record<string, string | number>>) =>
  Object.fromEntries(Object.entries(list).map(([name, value]) => [name, normalQuantity(value)]));

/** Whether a duration is left out, or zero, which means the same where there is a default. */
export function isZeroDuration(text: string | undefined): boolean {
  return text === undefined || attempt(false, () => parseDuration(text) === 0);
}

/** Whether a quantity is left out, zero or negative. */
export function isPositiveQuantity(value: string | number | undefined): boolean {
  if (value === undefined) return false;
  const text = normalQuantity(value);
  return text !== "0" && !String(text).startsWith("-");
}

function attempt<T>(otherwise: T, parse: () => T): T {
  try {
    return parse();
  } catch {
    return otherwise;
  }
}
