import {
  type Container,
  type ContainerStatus,
  formatTime,
  type Pod,
  type PodStatus,
  type Stored,
} from "@homeostat/api";
import {
  type ContainerEvent,
  type ContainerView,
  earliest,
  hasEnded,
  stepContainer,
  stopped,
  waitingStatus,
} from "./container-state.ts";
import { podConditions } from "./pod-conditions.ts";
import { type ProgramOptions, programOf, restartPolicyOf } from "./program.ts";

/** A pod and what a kubelet knows besides. */
export interface PodView {
  readonly pod: Stored<Pod>;
  readonly hostIP: string;
  readonly podIP: string;
  readonly programs: ProgramOptions;
  /** How long a pod takes from its node to its containers, in milliseconds. */
  readonly startMs: number;
  /** Text of `CreateContainerConfigError` by name of the container. */
  readonly configProblems: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface PodStep {
  readonly status: PodStatus;
  readonly events: readonly ContainerEvent[];
  readonly wakeAt?: number;
}

type Phase = NonNullable<PodStatus["phase"]>;

/** The first status of a pod on its node: nothing has started. */
export function acceptPod(view: Pick<PodView, "pod" | "hostIP" | "now">): PodStatus {
  const { pod, hostIP, now } = view;
  const init = pod.spec?.initContainers ?? [];
  const waiting = (reason: string) => (container: Container) => waitingStatus({ container, status: undefined }, reason);
  const starting = init.length > 0 ? "PodInitializing" : "ContainerCreating";
  return {
    ...pod.status,
    ...observed(pod),
    phase: "Pending",
    hostIP,
    hostIPs: [{ ip: hostIP }],
    startTime: formatTime(now),
    conditions: podConditions({
      pod,
      containers: [],
      init: [],
      initialized: init.length === 0,
      hasNetwork: false,
      phase: "Pending",
      now,
    }),
    ...(init.length > 0 ? { initContainerStatuses: init.map(waiting("PodInitializing")) } : {}),
    containerStatuses: (pod.spec?.containers ?? []).map(waiting(starting)),
  };
}

/** Takes an accepted pod one step further: init containers one after the other, sidecars among them, then the rest. */
export function stepPod(view: PodView): PodStep {
  const { pod, now } = view;
  const steps = new Map<string, ReturnType<typeof stepContainer>>();
  const advance = (container: Container, init: boolean): ContainerStatus => {
    const step = stepContainer(containerView(view, container, init));
    steps.set(container.name, step);
    return step.status;
  };

  const policy = restartPolicyOf(pod, view.programs);
  const init = initialize(view, advance);
  let containers = (pod.spec?.containers ?? []).map((container) =>
    init.done ? advance(container, false) : statusOf(pod, container),
  );
  const phase = phaseOf(init, containers, policy);
  let initStatuses = init.statuses;
  const over = phase === "Succeeded" || phase === "Failed";
  if (over) {
    // Sidecars end with what they serve.
    initStatuses = initStatuses.map((status) => stopped(status, 0, now));
    containers = containers.map((status) => stopped(status, 0, now));
  }
  const sidecars = initStatuses.filter(({ name }) => isSidecar(pod, name));
  const facts = {
    pod,
    containers: [...sidecars, ...containers],
    init: initStatuses,
    initialized: init.done,
    hasNetwork: !over,
    phase,
    now,
  };
  const wakeAt = over ? undefined : earliest(...[...steps.values()].map((step) => step.wakeAt));
  return {
    status: {
      ...pod.status,
      ...observed(pod),
      phase,
      podIP: view.podIP,
      podIPs: [{ ip: view.podIP }],
      conditions: podConditions(facts),
      ...(initStatuses.length > 0 ? { initContainerStatuses: initStatuses } : {}),
      containerStatuses: containers,
    },
    events: [...steps].flatMap(([name, step]) =>
      step.events.map((event) => ({ ...event, fieldPath: containerPath(pod, name) })),
    ),
    ...(wakeAt === undefined ? {} : { wakeAt }),
  };
}

/** The status of a pod whose containers were told to stop. Work that was cut off has failed. */
export function stopPod(pod: Stored<Pod>, now: number): PodStatus {
  const exitCode = pod.spec?.restartPolicy === "Always" ? 0 : 143;
  const end = (status: ContainerStatus): ContainerStatus => stopped(status, exitCode, now);
  const containers = (pod.status?.containerStatuses ?? []).map(end);
  const ran = containers.length > 0 && containers.every((status) => status.state?.terminated);
  const failed = containers.some((status) => (status.state?.terminated?.exitCode ?? 0) !== 0);
  const phase: Phase = !ran ? (pod.status?.phase ?? "Pending") : failed ? "Failed" : "Succeeded";
  const init = (pod.status?.initContainerStatuses ?? []).map(end);
  return {
    ...pod.status,
    ...observed(pod),
    phase,
    conditions: podConditions({ pod, containers, init: [], initialized: true, hasNetwork: false, phase, now }),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: containers,
  };
}

/** When a pod has been active for as long as it may, in milliseconds since the epoch; undefined: no such limit. */
export function deadlineOf({ spec, status }: Pod): number | undefined {
  if (spec?.activeDeadlineSeconds === undefined || !status?.startTime) return undefined;
  return Date.parse(status.startTime) + spec.activeDeadlineSeconds * 1000;
}

/** The status of a pod that was active for too long: its containers are killed. */
export function expirePod(pod: Stored<Pod>, now: number): PodStatus {
  const end = (status: ContainerStatus): ContainerStatus => stopped(status, 137, now);
  const containers = (pod.status?.containerStatuses ?? []).map(end);
  const init = (pod.status?.initContainerStatuses ?? []).map(end);
  const facts = { pod, containers, init: [], initialized: true, hasNetwork: false, phase: "Failed", now } as const;
  return {
    ...pod.status,
    ...observed(pod),
    phase: "Failed",
    reason: "DeadlineExceeded",
    message: "Pod was active on the node longer than the specified deadline",
    conditions: podConditions(facts),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: containers,
  };
}

/** Whether anything of the pod still runs. */
export function runsContainers({ status }: Pod): boolean {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
    ({ state }) => state?.running !== undefined,
  );
}

const observed = ({ metadata }: Pod): { observedGeneration?: number } =>
  metadata?.generation === undefined ? {} : { observedGeneration: metadata.generation };

/** The part of a pod that a container is, as events name it. */
export function containerPath({ spec }: Pod, name: string): string {
  const init = spec?.initContainers?.some((one) => one.name === name) ?? false;
  return `spec.${init ? "initContainers" : "containers"}{${name}}`;
}

const isSidecar = (pod: Pod, name: string): boolean =>
  pod.spec?.initContainers?.some((one) => one.name === name && one.restartPolicy === "Always") ?? false;

function statusOf(pod: Pod, container: Container): ContainerStatus {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const known = [...initContainerStatuses, ...containerStatuses].find(({ name }) => name === container.name);
  return known ?? waitingStatus({ container, status: undefined }, "PodInitializing");
}

function containerView(view: PodView, container: Container, init: boolean): ContainerView {
  const { pod, now } = view;
  const policy = restartPolicyOf(pod, view.programs);
  const sidecar = init && container.restartPolicy === "Always";
  const configProblem = view.configProblems.get(container.name);
  return {
    container,
    program: programOf(pod, container, init, view.programs),
    status: statusOf(pod, container),
    // An init container that is done stays done, whatever the pod's policy.
    restartPolicy: sidecar ? "Always" : init && policy === "Always" ? "OnFailure" : policy,
    uid: pod.metadata.uid,
    podText: `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`,
    podIP: view.podIP,
    endsReady: init && !sidecar,
    ...(configProblem === undefined ? {} : { configProblem }),
    startAt: Date.parse(pod.status?.startTime ?? formatTime(now)) + view.startMs,
    now,
  };
}

interface Initialization {
  readonly statuses: readonly ContainerStatus[];
  readonly done: boolean;
  readonly failed: boolean;
}

function initialize(
  { pod }: PodView,
  advance: (container: Container, init: boolean) => ContainerStatus,
): Initialization {
  const statuses: ContainerStatus[] = [];
  let done = true;
  let failed = false;
  for (const container of pod.spec?.initContainers ?? []) {
    const before = statusOf(pod, container);
    const finished = before.state?.terminated?.exitCode === 0 && container.restartPolicy !== "Always";
    const status: ContainerStatus = done && !finished ? advance(container, true) : before;
    statuses.push(status);
    if (!done) continue;
    if (container.restartPolicy === "Always") done = status.started === true;
    else done = status.state?.terminated?.exitCode === 0;
    failed = !done && container.restartPolicy !== "Always" && hasEnded(status, initPolicy(pod));
  }
  return { statuses, done, failed };
}

const initPolicy = (pod: Pod): "OnFailure" | "Never" => (pod.spec?.restartPolicy === "Never" ? "Never" : "OnFailure");

/** Source: kubelet, `getPhase`. */
function phaseOf(
  init: Initialization,
  containers: readonly ContainerStatus[],
  policy: ContainerView["restartPolicy"],
): Phase {
  if (init.failed) return "Failed";
  if (!init.done) return "Pending";
  if (containers.some(({ state, lastState }) => !state?.running && !state?.terminated && !lastState?.terminated)) {
    return "Pending";
  }
  if (!containers.every((status) => hasEnded(status, policy))) return "Running";
  return containers.every((status) => status.state?.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
}
