import type { JsonObject } from "@homeostat/api";
import { struct, structs, text } from "../../builtins/json-fields.ts";
import { baseline } from "./baseline.ts";
import type { LevelVersion } from "./policy.ts";
import { restricted } from "./restricted.ts";

/** The part of a pod that the standards look at. */
export interface PodView {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: JsonObject | undefined;
  /** Init containers, containers and ephemeral ones. */
  readonly containers: readonly JsonObject[];
}

/** Why a pod does not meet a standard. */
export interface Violation {
  readonly reason: string;
  /** Empty where the reason says it all. */
  readonly detail: string;
}

export interface Check {
  /** Orders the findings, and names what a stricter check replaces. */
  readonly id: string;
  /** First minor of Kubernetes 1 that has it. Default 0. */
  readonly since?: number;
  /** Ids of the checks of a lower level that it says more strictly. */
  readonly replaces?: readonly string[];
  /** @param minor of Kubernetes 1, a large number for the latest */
  readonly find: (pod: PodView, minor: number) => Violation | undefined;
}

export function podView(annotations: Readonly<Record<string, string>>, spec: JsonObject | undefined): PodView {
  const lists = ["initContainers", "containers", "ephemeralContainers"];
  return { annotations, spec, containers: lists.flatMap((list) => structs(spec, list)) };
}

/** All that keeps a pod from a level, in the order of the checks: first the baseline, then what is stricter. */
export function violations(pod: PodView, { level, minor }: LevelVersion): readonly Violation[] {
  if (level === "privileged") return [];
  const at = minor === "latest" ? Number.POSITIVE_INFINITY : minor;
  const active = (checks: readonly Check[]): Check[] => checks.filter(({ since = 0 }) => at >= since);
  const strict = level === "restricted" ? active(restricted) : [];
  const replaced = new Set(strict.flatMap(({ replaces = [] }) => replaces));
  const checks = [...active(baseline).filter(({ id }) => !replaced.has(id)), ...strict];
  return checks.flatMap((check) => check.find(pod, at) ?? []);
}

/** `reason (detail), reason (detail)` */
export const textOf = (found: readonly Violation[]): string =>
  found.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(", ");

export const nameOfContainer = (container: JsonObject): string => text(container, "name");
export const securityOf = (container: JsonObject | undefined): JsonObject | undefined =>
  struct(container, "securityContext");
