// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Condition } from "../conditions.ts";
import type { LabelSelector } from "../label-selector.ts";
import type { KubeList, KubeObject } from "../object.ts";
import type { DeleteOptions } from "./meta-v1.types.ts";

export interface Eviction extends KubeObject {
  readonly deleteOptions?: DeleteOptions;
}

export interface PodDisruptionBudget extends KubeObject {
  readonly spec?: PodDisruptionBudgetSpec;
  readonly status?: PodDisruptionBudgetStatus;
}

export interface PodDisruptionBudgetSpec {
  readonly minAvailable?: string | number;
  readonly selector?: LabelSelector;
  readonly maxUnavailable?: string | number;
  readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
}

export interface PodDisruptionBudgetStatus {
  readonly observedGeneration?: number;
  readonly disruptedPods?: Readonly<Record<string, string | null>>;
  readonly disruptionsAllowed?: number;
  readonly currentHealthy?: number;
  readonly desiredHealthy?: number;
  readonly expectedPods?: number;
  readonly conditions?: readonly Condition[];
}

export type PodDisruptionBudgetList = KubeList<PodDisruptionBudget>;
