// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./events-v1.types.ts";

export type * from "./events-v1.types.ts";

export type Event = types.Event;
export const Event: Resource<Event> = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  singular: "event",
  listKind: "EventList",
  scope: "Namespaced",
  shortNames: ["ev"],
};
