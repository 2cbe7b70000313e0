import type { Clock } from "@homeostat/api";
import type { Admission, AdmittedAs } from "../admission/admission.ts";
import type { Annotate } from "../audit/annotate.ts";
import type { UserInfo } from "../auth/user-info.ts";
import type { Entry } from "../storage/storage.ts";
import type { Catalog } from "./catalog.ts";
import type { Identities } from "./identities.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ServedResource, StrategyContext } from "./served-resource.ts";

/** What every verb works with. One per server. */
export interface Engine {
  readonly catalog: Catalog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly identities: Identities;
  readonly admission: Admission;
  /**
   * Asked before an object is deleted, so that an owner of a kind (CustomResourceDefinition, Namespace) can have it
   * wait for something by adding finalizers. Changes `object` in place.
   */
  readonly beforeDelete: (served: ServedResource, object: import("@homeostat/api").JsonObject) => void;
}

/** A request to write, as far as verbs share it. */
export interface WriteRequest {
  readonly served: ServedResource;
  readonly namespace: string | undefined;
  readonly subresource: string | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** The request's options, as webhooks are shown them, without their type. Default: none. */
  readonly options?: () => import("@homeostat/api").JsonObject;
  /** What webhooks and policies are shown in place of the object. Default: the object. */
  readonly admittedAs?: AdmittedAs;
  warn(text: string): void;
  /** Puts something down in the audit log; undefined where the request has no entry there. */
  readonly annotate?: Annotate | undefined;
}

/** What a verb came to. */
export interface Outcome {
  /** HTTP status. */
  readonly code: number;
  /** In the version of the request. */
  readonly object: import("@homeostat/api").JsonObject;
  /** Where it is stored; undefined for a dry run and for answers that are no objects. */
  readonly entry?: Entry;
}

export function strategyContext(engine: Engine, request: WriteRequest): StrategyContext {
  return { clock: engine.clock, user: request.user, dryRun: request.dryRun, subresource: request.subresource };
}
