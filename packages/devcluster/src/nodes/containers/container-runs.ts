import { badRequest, type Container, type ContainerStatus, internalError, type Pod, type Stored } from "@homeostat/api";

/** One run of a container, from its status. */
export interface Run {
  /** The same for one run, another for the next. */
  readonly id: string;
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
  /** Undefined while it runs. */
  readonly endedAt: number | undefined;
}

export function containerOf(pod: Stored<Pod>, name: string): Container {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const found = [...containers, ...initContainers, ...(ephemeralContainers as Container[])].find(
    (container) => container.name === name,
  );
  if (!found) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
  return found;
}

function statusOf({ status }: Stored<Pod>, name: string): ContainerStatus | undefined {
  const all = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses];
  return all.flatMap((each) => each ?? []).find((each) => each.name === name);
}

const idOf = (pod: Stored<Pod>, name: string, count: number): string => `${pod.metadata.uid}/${name}/${count}`;

/** The run under way. @throws ApiError 400 when the pod has no node, 500 when the container does not run, as a kubelet's */
export function currentRun(pod: Stored<Pod>, name: string): Run {
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  const status = statusOf(pod, name);
  const startedAt = status?.state?.running?.startedAt;
  if (!status || !startedAt) throw internalError(`container not found (${JSON.stringify(name)})`);
  return { id: idOf(pod, name, status.restartCount), startedAt: Date.parse(startedAt), endedAt: undefined };
}

/**
 * The run whose log is asked for: the one under way or, while the container waits to start again, the one before.
 * @param previous the one before in any case
 * @throws ApiError 400 when there is no such run
 */
export function loggedRun(pod: Stored<Pod>, name: string, previous: boolean): Run {
  const status = statusOf(pod, name);
  const { running, terminated, waiting } = status?.state ?? {};
  const count = status?.restartCount ?? 0;
  const last = status?.lastState?.terminated;
  if (!previous && running?.startedAt) return currentRun(pod, name);
  const ended = previous ? last : (terminated ?? last);
  if (!ended) {
    const what = `container ${JSON.stringify(name)} in pod ${JSON.stringify(pod.metadata.name)}`;
    if (previous) throw badRequest(`previous terminated ${what} not found`);
    throw badRequest(`${what} is waiting to start: ${waiting?.reason ?? "ContainerCreating"}`);
  }
  // The count goes up when the container starts again.
  const before = running ? count - 1 : terminated && previous ? count - 1 : count;
  return {
    id: idOf(pod, name, Math.max(0, before)),
    startedAt: Date.parse(ended.startedAt ?? "") || 0,
    endedAt: Date.parse(ended.finishedAt ?? "") || 0,
  };
}
