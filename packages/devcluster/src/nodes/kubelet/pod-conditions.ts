import { type ContainerStatus, findCondition, formatTime, type Pod, type PodCondition } from "@homeostat/api";

export interface ConditionFacts {
  readonly pod: Pod;
  /** Statuses of the containers and sidecars that count for readiness. */
  readonly containers: readonly ContainerStatus[];
  /** Statuses of the init containers. */
  readonly init: readonly ContainerStatus[];
  readonly initialized: boolean;
  /** The pod has an address. */
  readonly hasNetwork: boolean;
  readonly phase: NonNullable<Pod["status"]>["phase"];
  readonly now: number;
}

type Verdict = { readonly status: "True" | "False"; readonly reason?: string; readonly message?: string };

/** The conditions a kubelet keeps; those of others stay. Source: kubelet, `status/generate.go`. */
export function podConditions(facts: ConditionFacts): readonly PodCondition[] {
  const containersReady = containersVerdict(facts);
  const own: Readonly<Record<string, Verdict>> = {
    PodReadyToStartContainers: { status: facts.hasNetwork ? "True" : "False" },
    Initialized: initializedVerdict(facts),
    Ready: readyVerdict(facts, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: "True" },
  };
  const old = facts.pod.status?.conditions ?? [];
  const generation = facts.pod.metadata?.generation;
  const mine = Object.entries(own).map(([type, verdict]): PodCondition => {
    const before = findCondition(old, type);
    const since = before?.status === verdict.status ? before.lastTransitionTime : formatTime(facts.now);
    return {
      type,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastProbeTime: null,
      lastTransitionTime: since ?? formatTime(facts.now),
      ...verdict,
    };
  });
  return [...mine, ...old.filter(({ type }) => !(type in own))];
}

function initializedVerdict({ initialized, init, phase, pod }: ConditionFacts): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  if (initialized) return { status: "True" };
  const isDone = (name: string, sidecar: boolean): boolean =>
    init.some((status) => status.name === name && (sidecar ? status.started : status.ready));
  const left = (pod.spec?.initContainers ?? []).filter((one) => !isDone(one.name, one.restartPolicy === "Always"));
  const names = left.map(({ name }) => name).join(" ");
  return {
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${names}]`,
  };
}

function containersVerdict({ containers, phase, pod }: ConditionFacts): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const ready = new Set(containers.filter((status) => status.ready).map(({ name }) => name));
  const counted = [
    ...(pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === "Always"),
    ...(pod.spec?.containers ?? []),
  ];
  const unready = counted.filter(({ name }) => !ready.has(name)).map(({ name }) => name);
  if (unready.length === 0) return { status: "True" };
  const message = `containers with unready status: [${unready.join(" ")}]`;
  return { status: "False", reason: "ContainersNotReady", message };
}

/** Readiness gates are conditions that somebody else sets; the pod waits for each. Source: KEP-580. */
function readyVerdict({ pod }: ConditionFacts, containersReady: Verdict): Verdict {
  if (containersReady.status === "False") return containersReady;
  const problems = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = findCondition(pod.status?.conditions, conditionType);
    if (!gate) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (gate.status === "True") return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  if (problems.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
}
