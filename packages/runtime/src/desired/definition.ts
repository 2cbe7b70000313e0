import type { ConditionChange, KubeObject, NamespacedName, Resource, Stored } from "@homeostat/api";
import type { ReconcileContext } from "../controller/reconciler.ts";
import type { AdoptionRule, Child, ImmutableRule } from "./child.ts";

/** What the declarative way needs: pure functions, and the kinds they make. */
export interface DesiredDefinition<T extends KubeObject, I = undefined> {
  /**
   * Kinds `desired` returns: they are watched, pruned, and read for status. A kind that is no longer made stays here
   * for as long as objects of it may be left, so that they are pruned.
   */
  readonly children: readonly Resource[];
  /** Objects of others that `desired` depends on: their changes wake the object. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: each reference has its own object type, and no variance fits
  readonly references?: readonly ReferenceDefinition<T, any>[];
  /** Gathers what `desired` needs beyond the object (Secrets …). Default: nothing. May throw. */
  readonly inputs?: (context: ReconcileContext<T>) => Promise<I>;
  /**
   * Pure: the objects that should exist. Namespace defaults to the owner's. Those that need more than being there
   * (order, conditions, rules) are wrapped with `child(object, { … })`.
   */
  readonly desired: (object: Stored<T>, inputs: I) => readonly (KubeObject | Child)[];
  /** Pure: the status to write, without conditions. Default: none. */
  readonly status?: (object: Stored<T>, observed: Observed, inputs: I) => object;
  /**
   * Pure: conditions of your own, beside those that are written anyway (`Ready`, `Reconciling`, `Stalled`, `Paused`,
   * `Degraded`) or in their place. They are written together with the status; time and generation are filled in.
   */
  readonly conditions?: (object: Stored<T>, observed: Observed, inputs: I) => readonly ConditionChange[];
  /**
   * Pure: what to write when a stage has failed, before the error is tried again: status fields, and conditions beside
   * or in place of those that are written anyway (`Ready`, and `Reconciling` or `Stalled`). Default: those alone.
   */
  readonly failed?: (object: Stored<T>, error: unknown) => FailureReport;
  /**
   * Take fields of the children from other field managers. Default true, as an operator owns what it applies; with
   * false a field held by another makes the object `Ready=False`, reason `FieldConflict`, naming the other manager.
   */
  readonly force?: boolean;
  /** What becomes of children that exist already and are not this object's. Default `never`. */
  readonly adopt?: AdoptionRule;
  /** What becomes of children whose change the server refuses because a field cannot change. Default `fail`. */
  readonly immutable?: ImmutableRule;
  /**
   * Whether a child that is being deleted is deleted enough for what it depends on to be deleted, too; a text says why
   * not yet. What is gone counts as deleted always. Default: only what is gone. Pure.
   *
   * It is asked of children that `desired` may know nothing of any more, so it belongs here and not to the child. Where
   * it is given the object itself stays until all of its children are deleted enough.
   */
  readonly deletedWhen?: (child: Stored, object: Stored<T>) => boolean | string;
  /**
   * Names this controller had before: what it applied under them is still its own, and is pruned or taken over.
   * Default: none.
   */
  readonly formerNames?: readonly string[];
  /**
   * Field managers of the programs that looked after the same objects before this one, by updates (`manager`, in Go):
   * what they wrote becomes this controller's when it first applies, so that it can be taken away again. Default: none.
   */
  readonly formerFieldManagers?: readonly string[];
  /**
   * How long to wait for more where nothing but the status of a child changed, in milliseconds: the pods of a roll-out
   * become ready one after the other, and each tells several times. Other changes are looked at without delay.
   * Default 0.
   */
  readonly statusSettleMs?: number;
  /** When to look again without an event, in milliseconds. Default: never. */
  readonly requeueAfterMs?: (object: Stored<T>, observed: Observed, inputs: I) => number | undefined;
}

/** What a failed reconcile tells; see `DesiredDefinition.failed`. */
export interface FailureReport {
  /** Default: none, which leaves what is there. */
  readonly status?: object;
  /** Default: none. */
  readonly conditions?: readonly ConditionChange[];
}

/** Objects that are read and never written: the kind is watched, and a change wakes every object that refers to it. */
export interface ReferenceDefinition<T extends KubeObject, R extends KubeObject = KubeObject> {
  readonly resource: Resource<R>;
  /**
   * Pure: which objects of the kind an object refers to. A plain name means its own namespace. Nothing, `undefined` and
   * the empty string mean none.
   */
  readonly names: (
    object: Stored<T>,
  ) => string | NamespacedName | undefined | readonly (string | NamespacedName | undefined)[];
  /**
   * Do nothing until all of them exist: the object is `Ready=False`, reason `ReferenceNotFound`, naming what is
   * missing. Default false: `inputs` finds out by itself.
   */
  readonly required?: boolean;
}

/** A reference, with the type of its kind: `reference(Secret, (db) => db.spec.secretName, { required: true })`. */
export function reference<T extends KubeObject, R extends KubeObject = KubeObject>(
  resource: Resource<R>,
  names: ReferenceDefinition<T, R>["names"],
  options: { readonly required?: boolean } = {},
): ReferenceDefinition<T, R> {
  return { resource, names, ...options };
}

/** The children as they are after applying. */
export interface Observed {
  /** Each child that exists, as the server has it, in the order of `desired`. */
  readonly children: readonly ObservedChild[];
  /** Children that do not exist yet, or not any more, and why, for people; in the order of `desired`. */
  readonly waiting: readonly WaitingChild[];
  /** Whether all that are wanted exist and are ready. */
  readonly ready: boolean;
  /** @param namespace default: of any; the first in the order of `desired` */
  child<C extends KubeObject>(resource: Resource<C>, name: string, namespace?: string): Stored<C> | undefined;
}

/** A child as the server has it. */
export interface ObservedChild {
  /** As in `dependsOn`: what `child` was given, or `<Kind>/<name>`. */
  readonly name: string;
  readonly object: Stored;
  readonly ready: boolean;
  /** Why not, for people. */
  readonly message?: string;
  /** It will not become ready by itself, as far as one can tell: a Job that failed, a rollout past its deadline. */
  readonly failed?: boolean;
  /** What it is left alone by, for people: an annotation. Undefined: nothing. */
  readonly paused?: string;
}

/** A child that is not there, and why. */
export interface WaitingChild {
  readonly name: string;
  readonly message: string;
}
