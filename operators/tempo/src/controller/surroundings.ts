import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { ReconcileContext } from "@homeostat/runtime";
import type { OperatorSettings } from "../settings/operator-settings.ts";

/** What controllers need of the world beyond the cluster. */
export interface Surroundings {
  readonly settings: OperatorSettings;
  /** A whole number from 0 up to, and without, its argument. Default `randomInt` of `node:crypto`. */
  readonly randomBelow: (limit: number) => number;
}

/** Reads objects of one namespace by name. */
export type Find = <T extends KubeObject>(resource: Resource<T>, name: string) => Promise<Stored<T> | undefined>;

type Reading = Pick<ReconcileContext<KubeObject>, "client" | "object">;

/** From the cache, which holds all that wakes a reconcile. */
export const finder =
  ({ client, object }: Reading): Find =>
  (resource, name) =>
    client.find(resource, { namespace: object.metadata.namespace!, name });

/** From the server: before something is made anew for good, as a cache may be behind. */
export const liveFinder =
  ({ client, object }: Reading): Find =>
  (resource, name) =>
    client.find(resource, { namespace: object.metadata.namespace!, name }, { from: "live" });
