import type { JsonObject } from "@homeostat/api";
import type { UserInfo } from "../auth/user-info.ts";
import type { ServerRequest, ServerResponse } from "../http/handler.ts";
import type { OpenapiDocument } from "../openapi/document.ts";

/** A group version that another server serves. */
export interface ServedElsewhere {
  readonly group: string;
  readonly version: string;
  /** As aggregated discovery shows them; empty until the other server has told. Source: KEP-3352, `APIResourceDiscovery`. */
  readonly resources: readonly JsonObject[];
  /** Whether the other server has answered when it was last asked. */
  readonly isCurrent: boolean;
  /** Undefined where the other server publishes none. */
  readonly openapi: OpenapiElsewhere | undefined;
  /** Passes a request on. Never throws: what fails is answered as upstream's aggregator does. */
  relay(request: ServerRequest, user: UserInfo): Promise<ServerResponse>;
}

/** A document of version 3 that another server publishes. */
export interface OpenapiElsewhere {
  readonly hash: string;
  readonly body: Uint8Array;
  readonly document: OpenapiDocument;
}

/** What an APIService says of itself: the condition Available. */
export interface Availability {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** One APIService that points at a Service. */
export interface RemoteService extends ServedElsewhere {
  stop(): void;
}

/** What is served by other servers. Usually nothing: then nothing of what does the work is loaded. */
export interface Aggregation {
  /** Rises when something of it changes. */
  readonly version: number;
  find(group: string, version: string): ServedElsewhere | undefined;
  all(): readonly ServedElsewhere[];
  /** Takes up an APIService, or a change of what it points at. */
  follow(name: string, spec: JsonObject): Promise<void>;
  forget(name: string): void;
  stop(): void;
}

export interface AggregationOptions {
  /** Makes what follows one APIService. @param changed is to be called when what it shows is different now */
  readonly open: (name: string, spec: JsonObject, changed: () => void) => Promise<RemoteService>;
}

export function createAggregation({ open }: AggregationOptions): Aggregation {
  const services = new Map<string, { readonly spec: string; readonly remote: RemoteService }>();
  let version = 0;
  const changed = (): void => {
    version++;
  };
  const forget = (name: string): void => {
    const known = services.get(name);
    if (!known) return;
    services.delete(name);
    known.remote.stop();
    changed();
  };
  return {
    get version() {
      return version;
    },
    find(group, wanted) {
      if (services.size === 0) return undefined;
      return services.get(`${wanted}.${group}`)?.remote;
    },
    all: () => [...services.values()].map(({ remote }) => remote),
    async follow(name, spec) {
      const text = JSON.stringify(spec);
      if (services.get(name)?.spec === text) return;
      forget(name);
      services.set(name, { spec: text, remote: await open(name, spec, changed) });
      changed();
    },
    forget,
    stop() {
      for (const name of [...services.keys()]) forget(name);
    },
  };
}
