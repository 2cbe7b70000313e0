import type { PodSecurityContext } from "@homeostat/api";

export const defaultTimeout = "30s";
export const defaultServicesQueryDuration = "72h0m0s";

/** The review that users of the Jaeger UI must pass by default, in the text form that existing resources hold. */
export function defaultAccessReview(namespace: string): string {
  return `{"namespace": "${namespace}", "resource": "pods", "verb": "get"}`;
}

/** Fields that `context` leaves open come from `defaults`, those within its parts too. */
export function filledSecurityContext(
  context: PodSecurityContext | undefined,
  defaults: PodSecurityContext,
): PodSecurityContext {
  return filled(context ?? {}, defaults);
}

function filled<T extends object>(given: T, defaults: T): T {
  const result: Record<string, unknown> = { ...(defaults as object), ...(given as object) };
  for (const [field, value] of Object.entries(given)) {
    const otherwise = defaults[field as keyof T];
    if (isObject(value) && isObject(otherwise)) result[field] = filled<object>(value, otherwise);
  }
  return result as T;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A copy that may be changed, of an object that may not. */
export type Draft<T> = T extends (infer E)[] | readonly (infer E)[]
  ? Draft<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T;

export function draftOf<T>(value: T): Draft<T> {
  return structuredClone(value) as Draft<T>;
}
