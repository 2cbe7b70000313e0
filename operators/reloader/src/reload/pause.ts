import { type Deployment, formatTime, parseDuration } from "@homeostat/api";
import type { AnnotationKeys } from "../rules/annotation-keys.ts";

/**
 * Pausing a Deployment by annotation, as Stakater Reloader means it: the first change pauses it and patches its
 * template, further ones only patch; when the period is over it is resumed and rolls once with everything. All that is
 * needed is kept on the Deployment, so whoever comes after a restart resumes it on time.
 */
export type PausePeriod =
  | { readonly type: "none" }
  | { readonly type: "invalid"; readonly text: string }
  | { readonly type: "period"; readonly ms: number };

/** The period a Deployment asks for, on itself or else on its pod template. */
export function pausePeriodOf(deployment: Deployment, keys: AnnotationKeys): PausePeriod {
  const text =
    deployment.metadata?.annotations?.[keys.pausePeriod] ??
    deployment.spec?.template?.metadata?.annotations?.[keys.pausePeriod];
  if (text === undefined || text === "") return { type: "none" };
  try {
    const ms = parseDuration(text);
    return ms > 0 ? { type: "period", ms } : { type: "none" };
  } catch {
    return { type: "invalid", text };
  }
}

/** What a reload adds to the patch of a Deployment; undefined: nothing, as it asks for none or is paused by a person. */
export function pausePatch(
  deployment: Deployment,
  keys: AnnotationKeys,
  nowMs: number,
): { readonly paused: true; readonly pausedAt: string } | undefined {
  if (deployment.spec?.paused === true || pausePeriodOf(deployment, keys).type !== "period") return undefined;
  return { paused: true, pausedAt: formatTime(nowMs) };
}

/**
 * What is to be done about a pause that was begun.
 *
 * - `none`: there is none;
 * - `wait`: look again then;
 * - `resume`: it is over (or nobody asks for it any more, or its beginning cannot be read);
 * - `forget`: a person has resumed it: only the marker is left to remove.
 */
export type PauseStep =
  | { readonly type: "none" }
  | { readonly type: "wait"; readonly forMs: number }
  | { readonly type: "resume" }
  | { readonly type: "forget" };

export function pauseStep(deployment: Deployment, keys: AnnotationKeys, nowMs: number): PauseStep {
  const since = deployment.metadata?.annotations?.[keys.pausedAt];
  if (since === undefined) return { type: "none" };
  if (deployment.spec?.paused !== true) return { type: "forget" };
  const period = pausePeriodOf(deployment, keys);
  const beganMs = Date.parse(since);
  if (period.type !== "period" || Number.isNaN(beganMs)) return { type: "resume" };
  const leftMs = beganMs + period.ms - nowMs;
  return leftMs > 0 ? { type: "wait", forMs: leftMs } : { type: "resume" };
}
