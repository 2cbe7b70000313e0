import type { JsonObject } from "@homeostat/api";

/** How admission reads other objects. */
export interface Lookup {
  /** Undefined where there is none. `namespace` is left out for what is cluster-scoped. */
  get(group: string, plural: string, name: string, namespace?: string): Promise<JsonObject | undefined>;
  list(group: string, plural: string, namespace?: string): Promise<readonly JsonObject[]>;
}
