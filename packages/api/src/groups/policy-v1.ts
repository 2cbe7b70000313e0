// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./policy-v1.types.ts";

export type * from "./policy-v1.types.ts";

export type PodDisruptionBudget = types.PodDisruptionBudget;
export const PodDisruptionBudget: Resource<PodDisruptionBudget> = {
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  listKind: "PodDisruptionBudgetList",
  scope: "Namespaced",
  shortNames: ["pdb"],
  subresources: ["status"],
};
