import type { Condition, ConditionChange } from "@homeostat/api";
import { ConfigurationError } from "../controller/configuration-error.ts";

/** The Go operator's conditions: one of them is True. */
export const phases = ["Ready", "Failed", "Pending", "ConfigurationError"] as const;
export type Phase = (typeof phases)[number];

/** How an instance is, in one word and a sentence. */
export interface Verdict {
  readonly phase: Phase;
  readonly reason: string;
  readonly message: string;
}

export const ready: Verdict = { phase: "Ready", reason: "Ready", message: "All components are operational" };
export const failedComponents: Verdict = {
  phase: "Failed",
  reason: "FailedComponents",
  message: "Some Tempo components failed",
};
export const pendingComponents: Verdict = {
  phase: "Pending",
  reason: "PendingComponents",
  message: "Some Tempo components are pending on dependencies",
};

/** What a reconcile that failed comes to. */
export function verdictOfError(error: unknown): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigurationError) return { phase: "ConfigurationError", reason: error.reason, message };
  return { phase: "Failed", reason: "FailedReconciliation", message };
}

/**
 * The verdict as conditions. The one it names is True; those of the others that are there turn False and keep what they
 * said last, those that never were stay away. `Ready` is always there, because everybody waits for it.
 *
 * Beside them stand `Progressing` and `Degraded`, which other operators' users look for.
 */
export function exclusiveConditions(verdict: Verdict, before: readonly Condition[] = []): readonly ConditionChange[] {
  const { phase, reason, message } = verdict;
  const others = phases
    .filter((type) => type !== phase)
    .flatMap((type): ConditionChange[] => {
      const last = before.find((condition) => condition.type === type);
      if (type === "Ready") return [{ type, status: "False", reason, message }];
      return last ? [{ type, status: "False", reason: last.reason, message: last.message }] : [];
    });
  return [{ type: phase, status: "True", reason, message }, ...others, ...summary(verdict)];
}

/** The verdict as conditions that are all there always, in the Go operator's order for a TempoMonolithic. */
export function independentConditions(verdicts: readonly Verdict[]): readonly ConditionChange[] {
  const said = (phase: Phase, otherwise: string): ConditionChange => {
    const found = verdicts.find((verdict) => verdict.phase === phase);
    if (!found) return { type: phase, status: "False", reason: otherwise, message: "" };
    return { type: phase, status: "True", reason: found.reason, message: found.message };
  };
  const problem = verdicts.find(({ phase }) => phase !== "Ready");
  return [
    said("Pending", "PendingComponents"),
    said("ConfigurationError", "InvalidStorageConfig"),
    said("Failed", "FailedComponents"),
    problem
      ? { type: "Ready", status: "False", reason: problem.reason, message: problem.message }
      : { type: "Ready", status: "True", reason: ready.reason, message: ready.message },
    ...summary(problem ?? ready),
  ];
}

function summary({ phase, reason, message }: Verdict): ConditionChange[] {
  const isDegraded = phase === "Failed" || phase === "ConfigurationError";
  const change = (type: string, isTrue: boolean): ConditionChange => ({
    type,
    status: isTrue ? "True" : "False",
    reason,
    message,
  });
  return [change("Progressing", phase === "Pending"), change("Degraded", isDegraded)];
}
