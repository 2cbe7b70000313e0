import { z } from "zod";
import { goDuration } from "./go-duration.ts";

export const managementStates = ["Managed", "Unmanaged"] as const;
export type ManagementState = (typeof managementStates)[number];

/** How often, and how stubbornly, the operator looks after one object. The Go operator has no such field. */
export const reconciliation = () =>
  z.object({
    interval: goDuration()
      .optional()
      .describe("Reconcile this often, also without a cause. Default: only with a cause."),
    retryBackoff: z
      .enum(["exponential", "linear", "constant"])
      .optional()
      .describe("How the wait grows from one failed attempt to the next. Default exponential."),
    maxRetries: z
      .int32()
      .min(0)
      .optional()
      .describe("Failed attempts in a row after which only a change starts another. Default: no limit."),
  });
