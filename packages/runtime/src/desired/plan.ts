import {
  type Clock,
  type KubeObject,
  type NamespacedName,
  type Resource,
  type Stored,
  systemClock,
} from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import type { Client } from "../client/client.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import type { ReconcileContext } from "../controller/reconciler.ts";
import type { FieldChange } from "../diff/diff.ts";
import { silentLogger } from "../log.ts";
import { Priority } from "../workqueue/entry.ts";

/** What the next reconcile of an object would do to its children. */
export interface Plan {
  readonly owner: { readonly resource: Resource; readonly key: NamespacedName };
  /** In the order in which they would be done; deletions last. */
  readonly steps: readonly PlanStep[];
  /** Why it would not be reconciled as usual, for people: it is paused, waits for a reference, or is being deleted. */
  readonly message?: string;
}

/** What a reconcile would do with one object. */
export interface PlanStep {
  /**
   * - `create`, `patch`, `delete`: what it says;
   * - `recreate`: deleted, and made anew when it is gone;
   * - `keep`: it is as it should be;
   * - `leave`: it is not touched, though it is not as it should be: `message` says why;
   * - `refuse`: the reconcile would fail here: `reason` and `message` say why.
   */
  readonly action: "create" | "patch" | "delete" | "recreate" | "keep" | "leave" | "refuse";
  readonly resource: Resource;
  readonly key: NamespacedName;
  /** `deployments.apps/demo/web` */
  readonly id: string;
  /**
   * From the live state to what the server would make of it; for `create` from nothing. Values of Secrets are hidden,
   * such that a changed value still shows as changed. Empty for all other actions.
   */
  readonly changes: readonly FieldChange[];
  /** Of `refuse`: the reason the condition would have. */
  readonly reason?: string;
  /** For people. Of `create`, `patch` and `recreate`: what it waits for before that. */
  readonly message?: string;
}

/** What a plan is made with. */
export interface PlanOptions {
  /** Reads the live state and makes dry runs. Nothing else is written. */
  readonly client: Client;
  /** Default: none, so that everything is read from the server. */
  readonly cache?: Cache;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: never aborted. */
  readonly signal?: AbortSignal;
}

/** Of an object that is not stored yet: no real one has it. */
const NO_UID = "00000000-0000-0000-0000-000000000000";

/**
 * Says what the next reconcile of an object would do, without doing it: the children are computed, and the server is
 * asked what it would make of each by dry run, so that defaults, admission and field ownership are taken into account.
 *
 * The object may be one that is stored, or one that is not: as it is on disk, or edited.
 *
 * @param controller made by `controllerFor(…).desired(…)`
 * @throws Error where the controller is not declarative; what `inputs` and `desired` throw
 */
export async function plan<T extends KubeObject>(
  controller: ControllerDefinition<T>,
  object: T,
  options: PlanOptions,
): Promise<Plan> {
  const { planner, name, for: resource } = controller;
  if (!planner || !resource)
    throw new Error(`controller "${name}" cannot be planned: only those made by controllerFor(…).desired(…) can`);
  const { name: named = "", uid, resourceVersion } = object.metadata ?? {};
  if (!named) throw new Error(`plan of a ${resource.kind} without metadata.name: give it one`);
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  const metadata = { ...object.metadata, name: named, uid: uid ?? NO_UID, resourceVersion: resourceVersion ?? "" };
  const stored = { ...object, apiVersion, kind: resource.kind, metadata } as Stored<T>;
  return planner(contextFor(name, stored, options));
}

/** How many steps would change something. */
export function plannedChanges({ steps }: Plan): number {
  return steps.filter(({ action }) => ["create", "patch", "delete", "recreate"].includes(action)).length;
}

function contextFor<T extends KubeObject>(
  controller: string,
  object: Stored<T>,
  { client, cache = noCache, clock = systemClock, signal = new AbortController().signal }: PlanOptions,
): ReconcileContext<T> {
  const { namespace, name } = object.metadata;
  return {
    request: namespace ? { namespace, name } : { name },
    controller,
    priority: Priority.normal,
    object,
    client: withManager(client, controller),
    cache,
    log: silentLogger,
    signal,
    causes: [{ type: "manual", reason: "plan" }],
    events: { normal() {}, warning() {} },
    clock,
    reconcileID: "plan",
  };
}

/** Dry runs are made as the controller, so that the server judges the ownership of fields as it will. */
function withManager(client: Client, fieldManager: string): Client {
  return { ...client, apply: (resource, object, given) => client.apply(resource, object, { fieldManager, ...given }) };
}

const noCache: Cache = {
  watch: () => {
    throw new Error("there is no cache while planning: read with context.client");
  },
  store: () => undefined,
  unwatched: "live",
  ensure: async () => undefined,
  remove() {},
  setNamespaces() {},
  stop: async () => {},
};
