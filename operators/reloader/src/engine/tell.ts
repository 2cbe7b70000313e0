import type { Deployment } from "@homeostat/api";
import type { ObjectRecorder } from "@homeostat/runtime";
import { type DeploymentConfig, podTemplateOf, type Rollout, type WorkloadObject } from "../kinds.ts";
import type { ResolvedOptions } from "../options.ts";
import { pausePeriodOf } from "../reload/pause.ts";
import type { RuleFault } from "../rules/workload-rules.ts";
import { MAX_SOURCES } from "./candidates.ts";
import type { ReloadObserver } from "./observer.ts";
import type { Plan, Reload } from "./plan.ts";
import type { WorkloadRef } from "./world.ts";

/** Where people are told: the events of the workload. */
interface Told {
  readonly events: ObjectRecorder;
}

/** What is said of a reload. */
export const doneText: Readonly<Record<Reload["how"]["type"] | "webhook", string>> = {
  webhook: "the webhook was called",
  template: "rolls",
  restartAt: "restarts",
  evict: "has its pods replaced",
  run: "runs once more",
  again: "runs again",
};

export const sourceText = ({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string =>
  `${kind} ${namespace}/${name}`;

export function sourcesText({ sources, configs }: Reload): string {
  const names = sources.map(({ kind, name, hash }) => `${kind} ${name}${hash === undefined ? " (gone)" : ""}`);
  const shown = names.length > 5 ? [...names.slice(0, 5), `${names.length - 5} more`] : names;
  return `${shown.join(", ")}${configs.length > 0 ? ` (ReloaderConfig ${configs.join(", ")})` : ""}`;
}

export function tellRefusals(
  { events }: Told,
  workload: WorkloadRef,
  { refusals }: Plan,
  observer: Required<ReloadObserver>,
): void {
  for (const { source, why, already = false } of refusals) {
    const [, kind, name] = source.split("/");
    events.normal("ReloadSkipped", `not reloaded for ${kind} ${name}: ${why}`);
    observer.skipped(workload, why, already);
  }
}

export function moreFaults(
  { kind }: WorkloadRef,
  object: WorkloadObject,
  truncated: boolean,
  { keys }: ResolvedOptions,
): RuleFault[] {
  const faults: RuleFault[] = [];
  if (truncated)
    faults.push({
      reason: "InvalidPattern",
      message: `more than ${MAX_SOURCES} resources are meant: only the first are looked at, so use narrower patterns`,
    });
  const pause = kind === "Deployment" ? pausePeriodOf(object as Deployment, keys) : undefined;
  if (pause?.type === "invalid")
    faults.push({
      reason: "InvalidPausePeriod",
      message: `annotation ${keys.pausePeriod} is no duration, so reloads are not held back: write it as in 5m or 1h30m`,
    });
  const elsewhere = kind === "Rollout" ? (object as Rollout).spec?.workloadRef : undefined;
  if (elsewhere && (podTemplateOf(kind, object).spec?.containers ?? []).length === 0)
    faults.push({
      reason: "NoPodTemplate",
      message: `spec.workloadRef: it has no pod template of its own to change: annotate ${elsewhere.kind ?? "workload"} ${elsewhere.name ?? ""}, whose template it takes, or name that in the ReloaderConfig`,
    });
  const triggers = kind === "DeploymentConfig" ? (object as DeploymentConfig).spec?.triggers : undefined;
  if (triggers && !triggers.some(({ type }) => type === "ConfigChange"))
    faults.push({
      reason: "NoConfigChangeTrigger",
      message: "its template is changed, but it does not roll by itself: add a trigger of type ConfigChange",
    });
  return faults;
}

/** Tells what is wrong with a workload's annotations once, until it is something else. */
export function tellFaults(
  { events }: Told,
  id: string,
  faults: readonly RuleFault[],
  told: Map<string, string>,
): void {
  const text = JSON.stringify(faults);
  if (faults.length === 0) told.delete(id);
  if (faults.length === 0 || told.get(id) === text) return;
  told.set(id, text);
  for (const { reason, message } of faults) events.warning(reason, message);
}
