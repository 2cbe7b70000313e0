// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./coordination-v1.types.ts";

export type * from "./coordination-v1.types.ts";

export type Lease = types.Lease;
export const Lease: Resource<Lease> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  singular: "lease",
  listKind: "LeaseList",
  scope: "Namespaced",
};
