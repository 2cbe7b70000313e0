// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./discovery-v1.types.ts";

export type * from "./discovery-v1.types.ts";

export type EndpointSlice = types.EndpointSlice;
export const EndpointSlice: Resource<EndpointSlice> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  singular: "endpointslice",
  listKind: "EndpointSliceList",
  scope: "Namespaced",
};
