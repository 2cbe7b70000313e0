import type { Job, Pod, PodFailurePolicyRule } from "@homeostat/api";

export type FailureAction = PodFailurePolicyRule["action"];

export interface FailureVerdict {
  readonly action: FailureAction;
  /** Why, for people. */
  readonly message: string;
}

/** What a Job's failure policy says about a failed pod: the first rule that fits, else it counts. Source: KEP-3329. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  const rules = job.spec?.podFailurePolicy?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const what = fits(rule, pod);
    if (what === undefined) continue;
    const { namespace, name } = pod.metadata ?? {};
    return {
      action: rule.action,
      message: `${what} for pod ${namespace}/${name} matching ${rule.action} rule at index ${index}`,
    };
  }
  return { action: "Count", message: "" };
}

function fits({ onExitCodes, onPodConditions = [] }: PodFailurePolicyRule, pod: Pod): string | undefined {
  if (onExitCodes) {
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const found = statuses.find(({ name, state }) => {
      const code = state?.terminated?.exitCode ?? 0;
      if (code === 0 || (onExitCodes.containerName && onExitCodes.containerName !== name)) return false;
      return onExitCodes.values.includes(code) === (onExitCodes.operator === "In");
    });
    return found && `Container ${found.name} failed with exit code ${found.state!.terminated!.exitCode}`;
  }
  const condition = pod.status?.conditions?.find(({ type, status }) =>
    onPodConditions.some((pattern) => pattern.type === type && (pattern.status ?? "True") === status),
  );
  return condition && `Pod has condition ${condition.type}`;
}
