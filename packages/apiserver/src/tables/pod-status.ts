import type { JsonObject } from "@homeostat/api";
import { flag, integer, struct, structAt, structs, text } from "../builtins/json-fields.ts";
import { humanAge } from "./human-duration.ts";

/** What a table tells of a pod: how many of its containers are ready, what it is doing, how often it started anew. */
export interface PodStatusCells {
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
}

interface Progress {
  reason: string;
  restarts: number;
  lastRestart: string;
}

/** Reason of a pod whose node does not answer. */
const nodeLost = "NodeLost";

/** Source: kubernetes printers, `printPod`. */
export function podStatusCells(pod: JsonObject, now: number): PodStatusCells {
  const spec = struct(pod, "spec");
  const status = struct(pod, "status");
  const progress: Progress = { reason: text(status, "reason") || text(status, "phase"), restarts: 0, lastRestart: "" };
  if (condition(status, "PodScheduled")?.["reason"] === "SchedulingGated") progress.reason = "SchedulingGated";

  const sidecars = new Set(
    structs(spec, "initContainers")
      .filter(isSidecar)
      .map((container) => text(container, "name")),
  );
  const total = structs(spec, "containers").length + sidecars.size;
  let ready = structs(status, "initContainerStatuses").filter(
    (each) => sidecars.has(text(each, "name")) && isUp(each),
  ).length;

  const initializing = initProgress(pod, sidecars, progress);
  if (!initializing || condition(status, "Initialized")?.["status"] === "True") {
    // From here on the restarts of what runs count, those of what has initialized no longer.
    const kept = sidecarRestarts(status, sidecars);
    progress.restarts = kept.restarts;
    progress.lastRestart = kept.lastRestart;
    ready += containerProgress(status, progress);
  }
  if (!isEmpty(struct(pod, "metadata"), "deletionTimestamp")) {
    if (text(status, "reason") === nodeLost) progress.reason = "Unknown";
    else if (!isFinished(status)) progress.reason = "Terminating";
  }
  const again =
    progress.lastRestart === "" || progress.restarts === 0 ? "" : ` (${humanAge(progress.lastRestart, now)} ago)`;
  return { ready: `${ready}/${total}`, status: progress.reason, restarts: `${progress.restarts}${again}` };
}

const isEmpty = (parent: JsonObject | undefined, key: string): boolean => text(parent, key) === "";
const isSidecar = (container: JsonObject): boolean => text(container, "restartPolicy") === "Always";
const isUp = (status: JsonObject): boolean =>
  flag(status, "ready") && struct(struct(status, "state"), "running") !== undefined;

/** Whether a pod has ended, for good or ill. */
export function isFinished(status: JsonObject | undefined): boolean {
  return ["Succeeded", "Failed"].includes(text(status, "phase"));
}

function condition(status: JsonObject | undefined, type: string): JsonObject | undefined {
  return structs(status, "conditions").find((each) => text(each, "type") === type);
}

function countRestarts(progress: Progress, status: JsonObject): void {
  progress.restarts += integer(status, "restartCount") ?? 0;
  const finished = text(structAt(status, "lastState", "terminated"), "finishedAt");
  if (finished > progress.lastRestart) progress.lastRestart = finished;
}

function sidecarRestarts(status: JsonObject | undefined, sidecars: ReadonlySet<string>): Progress {
  const progress: Progress = { reason: "", restarts: 0, lastRestart: "" };
  for (const each of structs(status, "initContainerStatuses"))
    if (sidecars.has(text(each, "name"))) countRestarts(progress, each);
  return progress;
}

/** @returns whether an init container is still at work; its state is then what the pod is doing */
function initProgress(pod: JsonObject, sidecars: ReadonlySet<string>, progress: Progress): boolean {
  const containers = structs(struct(pod, "spec"), "initContainers");
  for (const [index, each] of structs(struct(pod, "status"), "initContainerStatuses").entries()) {
    countRestarts(progress, each);
    const state = struct(each, "state");
    const terminated = struct(state, "terminated");
    if (terminated && (integer(terminated, "exitCode") ?? 0) === 0) continue;
    if (sidecars.has(text(each, "name")) && flag(each, "started")) continue;
    const waiting = text(struct(state, "waiting"), "reason");
    if (terminated) progress.reason = `Init:${endOf(terminated)}`;
    else if (waiting !== "" && waiting !== "PodInitializing") progress.reason = `Init:${waiting}`;
    else progress.reason = `Init:${index}/${containers.length}`;
    return true;
  }
  return false;
}

/** How a container ended: its reason, else its signal, else its exit code. */
function endOf(terminated: JsonObject): string {
  const reason = text(terminated, "reason");
  if (reason !== "") return reason;
  const signal = integer(terminated, "signal") ?? 0;
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${integer(terminated, "exitCode") ?? 0}`;
}

/** @returns how many containers are ready */
function containerProgress(status: JsonObject | undefined, progress: Progress): number {
  let ready = 0;
  let running = false;
  // The first container has the last word.
  for (const each of structs(status, "containerStatuses").reverse()) {
    countRestarts(progress, each);
    const state = struct(each, "state");
    const waiting = text(struct(state, "waiting"), "reason");
    const terminated = struct(state, "terminated");
    if (waiting !== "") progress.reason = waiting;
    else if (terminated) progress.reason = endOf(terminated);
    else if (isUp(each)) {
      running = true;
      ready++;
    }
  }
  // Some have completed while others run on: the pod as a whole is still running.
  if (progress.reason === "Completed" && running) {
    progress.reason = condition(status, "Ready")?.["status"] === "True" ? "Running" : "NotReady";
  }
  return ready;
}
