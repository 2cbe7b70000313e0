import { expect, test } from "vitest";
import type { Verdict } from "../validation/verdict.ts";
import { refuseInvalid } from "./storage-of.ts";

const verdict = (...errors: readonly (readonly [field: string, message: string])[]): Verdict =>
  ({ errors: errors.map(([field, message]) => ({ field, message })), warnings: [] }) as unknown as Verdict;
const thrownBy = (given: Verdict): unknown => {
  try {
    refuseInvalid(given);
    return undefined;
  } catch (error) {
    const { reason, message } = error as { reason: string; message: string };
    return { reason, message };
  }
};

test.each(["spec.template.tenants", "spec.multitenancy.enabled"])(
  "6.1: what is wrong with tenants (%s) is told as the Go operator tells it, whatever else is wrong",
  (field) => {
    expect(thrownBy(verdict(["spec.timeout", "is none"], [field, "no roles"]))).toEqual({
      reason: "InvalidTenantsConfiguration",
      message: "Invalid tenants configuration: no roles",
    });
  },
);

test("6.1: a quantity among the tenants' settings is a mistake like others", () => {
  const field = "spec.multitenancy.resources.limits.cpu";
  expect(thrownBy(verdict([field, "is none"], ["spec.timeout", "is none"]))).toEqual({
    reason: "InvalidConfiguration",
    message: `${field}: is none; spec.timeout: is none`,
  });
});

test("6.1: nothing wrong is nothing to refuse", () => {
  expect(thrownBy(verdict())).toBeUndefined();
});
