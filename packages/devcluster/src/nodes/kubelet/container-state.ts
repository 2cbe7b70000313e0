import { createHash } from "node:crypto";
import { type Container, type ContainerState, type ContainerStatus, formatTime } from "@homeostat/api";
import type { Program } from "./program.ts";

/** One container at one moment. */
export interface ContainerView {
  readonly container: Container;
  readonly program: Program;
  readonly status: ContainerStatus | undefined;
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  /** Of the pod. */
  readonly uid: string;
  /** The pod as it stands in messages: `name_namespace(uid)`. */
  readonly podText: string;
  readonly podIP: string;
  /** An init container that is to end: done, it counts as ready. */
  readonly endsReady: boolean;
  /** Why its configuration is not there: the text of `CreateContainerConfigError`. */
  readonly configProblem?: string;
  /** When the container may start, in milliseconds: pulling an image takes its time. */
  readonly startAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface ContainerEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The container: `spec.containers{app}`. Default: it is about the pod. */
  readonly fieldPath?: string;
}

export interface ContainerStep {
  readonly status: ContainerStatus;
  readonly events: readonly ContainerEvent[];
  /** When to look again, in milliseconds since the epoch. */
  readonly wakeAt?: number;
}

/** A kubelet's delays: 10 s, doubled each time, up to 5 min. */
export const backOffMs = (times: number): number => Math.min(10_000 * 2 ** Math.max(0, times), 300_000);

/**
 * Takes a container one state further:
 *
 *     waiting → running → terminated → (by restart policy) running, or waiting CrashLoopBackOff → running …
 *     waiting → ErrImagePull → ImagePullBackOff → ErrImagePull …
 *
 * All it needs to know is in the status, so a new process goes on where the last one stopped. Source: kubelet,
 * `kuberuntime` and `images`.
 */
export function stepContainer(view: ContainerView): ContainerStep {
  const { status, now } = view;
  const { running, terminated, waiting } = status?.state ?? {};
  if (running) return whileRunning(view, Date.parse(running.startedAt ?? formatTime(now)));
  if (terminated) return afterEnd(view, terminated);
  if (waiting?.reason === "CrashLoopBackOff") return whileBackingOff(view);
  return whileWaiting(view);
}

/** Whether a container has ended for good. */
export function hasEnded(status: ContainerStatus | undefined, restartPolicy: ContainerView["restartPolicy"]): boolean {
  const terminated = status?.state?.terminated;
  return terminated !== undefined && !restarts(restartPolicy, terminated.exitCode);
}

/** The status of a container that was stopped. */
export function stopped(status: ContainerStatus, exitCode: number, now: number): ContainerStatus {
  const { running } = status.state ?? {};
  // An init container that is done stays ready.
  if (!running) return { ...status, ready: status.ready && status.state?.terminated !== undefined, started: false };
  return { ...status, ready: false, started: false, state: { terminated: ending(status, exitCode, undefined, now) } };
}

function whileWaiting(view: ContainerView): ContainerStep {
  const { container, program, configProblem, now, status } = view;
  const reason = status?.state?.waiting?.reason;
  if (program.imageMissing) return missingImage(view, reason);
  if (configProblem !== undefined) {
    const failed: ContainerEvent = { type: "Warning", reason: "Failed", message: `Error: ${configProblem}` };
    const next = waitingStatus(view, "CreateContainerConfigError", configProblem);
    return { status: next, events: reason === "CreateContainerConfigError" ? [] : [failed], wakeAt: now + 60_000 };
  }
  if (now < view.startAt)
    return { status: status ?? waitingStatus(view, "ContainerCreating"), events: [], wakeAt: view.startAt };
  return start(view, startEvents(container));
}

const normal = (reason: string, message: string): ContainerEvent => ({ type: "Normal", reason, message });
const warning = (reason: string, message: string): ContainerEvent => ({ type: "Warning", reason, message });

/** Every image is there already; where the pod wants it pulled nonetheless, that takes no time. */
function startEvents({ image, imagePullPolicy }: Container): readonly ContainerEvent[] {
  const pulled =
    imagePullPolicy === "Always"
      ? [
          normal("Pulling", `Pulling image "${image}"`),
          normal("Pulled", `Successfully pulled image "${image}" in 0s (0s including waiting). Image size: 0 bytes.`),
        ]
      : [normal("Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`)];
  return [...pulled, normal("Created", "Container created"), normal("Started", "Container started")];
}

function missingImage(view: ContainerView, reason: string | undefined): ContainerStep {
  const { container, now } = view;
  const image = container.image ?? "";
  const failure = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  if (reason === "ErrImagePull") {
    return {
      status: waitingStatus(view, "ImagePullBackOff", `Back-off pulling image "${image}": ErrImagePull: ${failure}`),
      events: [normal("BackOff", `Back-off pulling image "${image}"`), warning("Failed", "Error: ImagePullBackOff")],
      wakeAt: now + 10_000,
    };
  }
  // Each further try would end like the last one, and say the same in status and events.
  if (reason === "ImagePullBackOff") return { status: view.status!, events: [] };
  return {
    status: waitingStatus(view, "ErrImagePull", failure),
    events: [
      normal("Pulling", `Pulling image "${image}"`),
      warning("Failed", `Failed to pull image "${image}": ${failure}`),
      warning("Failed", "Error: ErrImagePull"),
    ],
    wakeAt: now,
  };
}

function whileRunning(view: ContainerView, startedAt: number): ContainerStep {
  const { program, now } = view;
  const status = view.status!;
  const endAt = program.endsAfterMs === undefined ? undefined : startedAt + program.endsAfterMs;
  if (endAt !== undefined && now >= endAt) {
    const terminated = ending(status, program.exitCode, program.reason, now);
    const ready = view.endsReady && terminated.exitCode === 0;
    return { status: { ...status, ready, started: false, state: { terminated } }, events: [], wakeAt: now };
  }
  const readyAt = program.readyAfterMs === undefined ? undefined : startedAt + program.readyAfterMs;
  const passed = readyAt !== undefined && now >= readyAt;
  const ready = passed && !view.endsReady;
  const wakeAt = earliest(endAt, passed ? undefined : readyAt);
  return { status: { ...status, ready, started: true }, events: [], ...(wakeAt === undefined ? {} : { wakeAt }) };
}

function afterEnd(view: ContainerView, terminated: NonNullable<ContainerState["terminated"]>): ContainerStep {
  const status = view.status!;
  if (!restarts(view.restartPolicy, terminated.exitCode)) return { status, events: [] };
  // The first time it is started again at once.
  if (status.restartCount === 0) return restart(view, terminated);
  const { container, podText } = view;
  const wait = backOffMs(status.restartCount - 1);
  const message = `back-off ${wait / 1000}s restarting failed container=${container.name} pod=${podText}`;
  const waiting = { reason: "CrashLoopBackOff", message };
  return {
    status: { ...status, ready: false, started: false, state: { waiting }, lastState: { terminated } },
    events: [warning("BackOff", `Back-off restarting failed container ${container.name} in pod ${podText}`)],
    wakeAt: restartAt(view, terminated),
  };
}

function whileBackingOff(view: ContainerView): ContainerStep {
  const terminated = view.status?.lastState?.terminated;
  if (!terminated) return restart(view, undefined);
  const at = restartAt(view, terminated);
  return view.now >= at ? restart(view, terminated) : { status: view.status!, events: [], wakeAt: at };
}

const restartAt = (view: ContainerView, terminated: { readonly finishedAt?: string | null }): number =>
  Date.parse(terminated.finishedAt ?? "") + backOffMs((view.status?.restartCount ?? 0) - 1);

function restart(view: ContainerView, terminated: ContainerState["terminated"]): ContainerStep {
  const status = { ...view.status!, restartCount: view.status!.restartCount + 1 };
  const lastState = terminated ? { lastState: { terminated } } : {};
  const step = start({ ...view, status }, startEvents(view.container));
  return { ...step, status: { ...step.status, ...lastState } };
}

function start(view: ContainerView, events: readonly ContainerEvent[]): ContainerStep {
  const { container, status, now, program, uid } = view;
  const restartCount = status?.restartCount ?? 0;
  const image = container.image ?? "";
  const running: ContainerStatus = {
    ...status,
    name: container.name,
    image,
    imageID: `fake://sha256:${hashOf(image)}`,
    containerID: `fake://${hashOf(`${uid}/${container.name}/${restartCount}`)}`,
    restartCount,
    ready: program.readyAfterMs === 0 && program.endsAfterMs === undefined && !view.endsReady,
    started: true,
    state: { running: { startedAt: formatTime(now) } },
  };
  const after = [program.endsAfterMs, program.readyAfterMs === 0 ? undefined : program.readyAfterMs];
  const wakeMs = earliest(...after);
  return {
    status: running,
    events: [...events, ...failedProbe(view)],
    ...(wakeMs === undefined ? {} : { wakeAt: now + wakeMs }),
  };
}

/** What the first probe finds of a container that is not to get ready. Source: kubelet, `prober`; the probes' own words. */
function failedProbe({ container, program, podIP }: ContainerView): readonly ContainerEvent[] {
  const probe = container.readinessProbe;
  if (!probe || program.readyAfterMs !== undefined) return [];
  const found = probe.httpGet
    ? "HTTP probe failed with statuscode: 503"
    : probe.tcpSocket
      ? `dial tcp ${podIP}:${probe.tcpSocket.port}: connect: connection refused`
      : probe.grpc
        ? 'service unhealthy (responded with "NOT_SERVING")'
        : "";
  return [warning("Unhealthy", `Readiness probe failed: ${found}`)];
}

export function waitingStatus(
  { container, status }: Pick<ContainerView, "container" | "status">,
  reason: string,
  message?: string,
): ContainerStatus {
  return {
    ...status,
    name: container.name,
    image: container.image ?? "",
    imageID: status?.imageID ?? "",
    ready: false,
    started: false,
    restartCount: status?.restartCount ?? 0,
    state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
  };
}

function ending(status: ContainerStatus, exitCode: number, reason: string | undefined, now: number) {
  return {
    exitCode,
    reason: reason ?? (exitCode === 0 ? "Completed" : "Error"),
    startedAt: status.state?.running?.startedAt ?? null,
    finishedAt: formatTime(now),
    ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
  };
}

function restarts(policy: ContainerView["restartPolicy"], exitCode: number): boolean {
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
