import type { KubeObject, Stored } from "@homeostat/api";
import type { Observed } from "./definition.ts";

/**
 * What becomes of an object that exists already under the name of a child, and is not of this object's making:
 *
 * - `never`: it is left alone, and the object says so: `Ready=False`, reason `Conflict` or `AlreadyOwned`;
 * - `ownerless`: it is taken over if nobody controls it; an owner that is gone counts as nobody;
 * - `always`: it is taken from whoever controls it. The other controller is not asked.
 */
export type AdoptionRule = "never" | "ownerless" | "always";

/**
 * What becomes of a child whose change the server refuses because a field cannot change once set:
 *
 * - `fail`: it stays as it is, and the object says so: `Ready=False` and `Stalled`, reason `ImmutableField`;
 * - `recreate`: it is deleted with all that belongs to it, and made anew once it is gone.
 */
export type ImmutableRule = "fail" | "recreate";

/** What can be said of a child beyond how it should look. */
export interface ChildOptions<C extends KubeObject = KubeObject> {
  /** What others call it in `dependsOn`, and messages. Unique among the children. Default: `<Kind>/<metadata.name>`. */
  readonly name?: string;
  /**
   * Children that must be ready before this one is applied: by name, or the objects themselves. What exists already is
   * left as it is while they are not ready. Deletion goes the other way round: they stay until this one is gone.
   * Default: none, which leaves the order of kinds.
   */
  readonly dependsOn?: readonly (string | KubeObject | Child)[];
  /** Whether it is ready, in place of the rules for its kind; a text says why not. Pure. */
  readonly readyWhen?: (live: Stored<C>) => boolean | string;
  /**
   * Precondition, asked when all it depends on are ready: where it does not hold the child is not applied, and pruned if
   * it is there, together with all that depends on it. A text counts as false. Sees the children that came before it,
   * those it depends on among them. Pure. Default: holds.
   */
  readonly when?: boolean | ((before: Observed) => boolean | string);
  /** Default: the definition's. */
  readonly immutable?: ImmutableRule;
  /** Default: the definition's. */
  readonly adopt?: AdoptionRule;
  /** Take its fields from other field managers. Default: the definition's. */
  readonly force?: boolean;
  /**
   * False: never delete it, neither when it is no longer wanted nor together with its owner. It has no owner reference
   * then. For data. Default true.
   */
  readonly prune?: boolean;
}

/** An object that should exist, with what is declared about it. Made by {@link child}. */
export interface Child<C extends KubeObject = KubeObject> extends ChildOptions<C> {
  readonly object: C;
}

/**
 * Declares something about a child; without declarations the plain object will do.
 *
 *     child(deployment, { dependsOn: [database], immutable: "recreate" })
 */
export function child<C extends KubeObject>(object: C, options: ChildOptions<C> = {}): Child {
  // The functions are only ever called with the live state of this very object.
  return { ...options, object } as unknown as Child;
}

/** Tells declarations from plain objects, which have a kind and no `object`. */
export function isChild(value: KubeObject | Child): value is Child {
  return "object" in value && !("kind" in value);
}
