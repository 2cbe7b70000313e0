import type { TypeSchema } from "../schema/type-schema.ts";
import { fieldElement, fieldNameOf, type PathElement } from "./path-element.ts";
import { elementType, shapeOf } from "./type-walk.ts";

/**
 * A set of field paths as a tree. A node stands for a path; it is in the set when `member` says so. Nodes that are no
 * members have children, so an empty node is the empty set.
 *
 * Sets are values: operations return new ones and may share nodes. Source: structured-merge-diff `fieldpath.Set`.
 */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<PathElement, FieldSet>;
}

type Children = Map<PathElement, FieldSet>;

const noChildren: ReadonlyMap<PathElement, FieldSet> = new Map();
export const emptySet: FieldSet = { member: false, children: noChildren };
/** The path itself and nothing below. */
export const leafSet: FieldSet = { member: true, children: noChildren };

export function nodeOf(member: boolean, children: ReadonlyMap<PathElement, FieldSet>): FieldSet {
  if (children.size > 0) return { member, children };
  return member ? leafSet : emptySet;
}

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

/** The set of these paths; `["spec", "replicas"]` are names of fields. */
export function setOfFields(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((below, name) => nodeOf(false, new Map([[fieldElement(name), below]])), leafSet),
      ),
    emptySet,
  );
}

export function hasPath(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node.children.get(element);
    if (!node) return false;
  }
  return node.member;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b) || a === b) return a;
  const children: Children = new Map(a.children);
  for (const [element, node] of b.children) {
    const mine = children.get(element);
    children.set(element, mine ? union(mine, node) : node);
  }
  return nodeOf(a.member || b.member, children);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const children: Children = new Map();
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    if (other) setUnlessEmpty(children, element, intersection(node, other));
  }
  return nodeOf(a.member && b.member, children);
}

/** What is in `a` and not in `b`: exactly these paths, whatever lies below them. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(b)) return a;
  const children: Children = new Map();
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    setUnlessEmpty(children, element, other ? difference(node, other) : node);
  }
  return nodeOf(a.member && !b.member, children);
}

/** What is in `a` and neither in `b` nor below a path of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (b.member) return emptySet;
  if (b.children.size === 0) return a;
  const children: Children = new Map();
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    setUnlessEmpty(children, element, other ? recursiveDifference(node, other) : node);
  }
  return nodeOf(a.member, children);
}

function setUnlessEmpty(children: Children, element: PathElement, node: FieldSet): void {
  if (!isEmpty(node)) children.set(element, node);
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [element, node] of a.children) {
    const other = b.children.get(element);
    if (!other || !equalSets(node, other)) return false;
  }
  return true;
}

/** Members below which there are no others. */
export function leaves(set: FieldSet): FieldSet {
  const children: Children = new Map();
  for (const [element, node] of set.children) children.set(element, leaves(node));
  return nodeOf(set.member && children.size === 0, children);
}

/** All members as paths, parents before what lies below them. */
export function* pathsOf(set: FieldSet, parent: readonly PathElement[] = []): Generator<readonly PathElement[]> {
  if (set.member) yield parent;
  for (const [element, node] of set.children) yield* pathsOf(node, [...parent, element]);
}

/**
 * Makes the declared fields on the way to each member members too. Taking such a set out of an object takes structs
 * and lists with it that exist only for what was in them.
 */
export function withNamedFields(set: FieldSet, type: TypeSchema): FieldSet {
  if (set.children.size === 0) return set;
  const children: Children = new Map();
  for (const [element, node] of set.children) {
    const below = withNamedFields(node, elementType(type, element));
    const name = fieldNameOf(element);
    const declared = name !== undefined && type.kind === "struct" && type.field(name) !== undefined;
    children.set(element, nodeOf(below.member || declared, below.children));
  }
  return nodeOf(set.member, children);
}

/**
 * Ownership of parts of what the type now holds atomic becomes ownership of the whole: a schema may change after the
 * fields were recorded. Source: structured-merge-diff `ReconcileFieldSetWithSchema`.
 */
export function withAtomicsWhole(set: FieldSet, type: TypeSchema): FieldSet {
  if (set.children.size === 0) return set;
  // Where nothing is declared the set tells more than the type.
  if (type.kind !== "untyped" && type.kind !== "scalar" && shapeOf(type, undefined) === "leaf") return leafSet;
  let changed = false;
  const children: Children = new Map();
  for (const [element, node] of set.children) {
    const whole = withAtomicsWhole(node, elementType(type, element));
    changed ||= whole !== node;
    children.set(element, whole);
  }
  return changed ? nodeOf(set.member, children) : set;
}
