import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { ReconcileContext } from "../controller/reconciler.ts";

/** What the declarative way needs: pure functions, and the kinds they make. */
export interface DesiredDefinition<T extends KubeObject, I = undefined> {
  /** Kinds `desired` returns: they are watched, pruned, and read for status. */
  readonly children: readonly Resource[];
  /** Gathers what `desired` needs beyond the object (Secrets …). Default: nothing. May throw. */
  readonly inputs?: (context: ReconcileContext<T>) => Promise<I>;
  /** Pure: the objects that should exist. Namespace defaults to the owner's. */
  readonly desired: (object: Stored<T>, inputs: I) => readonly KubeObject[];
  /** Pure: the status to write, without conditions. Default: none. */
  readonly status?: (object: Stored<T>, observed: Observed, inputs: I) => object;
  /**
   * Take fields of the children from other field managers. Default true, as an operator owns what it applies; with
   * false a field held by another makes the object `Ready=False`, reason `FieldConflict`, naming the other manager.
   */
  readonly force?: boolean;
  /** When to look again without an event, in milliseconds. Default: never. */
  readonly requeueAfterMs?: (object: Stored<T>, observed: Observed, inputs: I) => number | undefined;
}

/** The children as they are after applying. */
export interface Observed {
  /** Each applied child, as the server has it, in the order of `desired`. */
  readonly children: readonly ObservedChild[];
  /** Whether all are ready. */
  readonly ready: boolean;
  child<C extends KubeObject>(resource: Resource<C>, name: string): Stored<C> | undefined;
}

export interface ObservedChild {
  readonly object: Stored;
  readonly ready: boolean;
  /** Why not, for people. */
  readonly message?: string;
}
