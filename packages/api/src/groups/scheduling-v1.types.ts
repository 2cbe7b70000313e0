// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { KubeList, KubeObject } from "../object.ts";

export interface PriorityClass extends KubeObject {
  readonly value?: number;
  readonly globalDefault?: boolean;
  readonly description?: string;
  readonly preemptionPolicy?: "PreemptLowerPriority" | "Never";
}

export type PriorityClassList = KubeList<PriorityClass>;
