import type { JsonObject } from "@homeostat/api";
import { caBundleProblem } from "./ca-bundle.ts";
import type { CustomResourceDefinition, DefinitionNames } from "./definition.ts";
import { definitionOf } from "./definition.ts";

export interface DefinitionCondition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

export interface NamesDecision {
  /** For `status.acceptedNames`: what is free of the wanted names, else what was accepted before. */
  readonly acceptedNames: DefinitionNames;
  readonly namesAccepted: DefinitionCondition;
  /** A definition stays established once it was: later clashes only keep new names from being taken. */
  readonly established: DefinitionCondition;
}

/** Names as `status.acceptedNames` holds them: empty lists are left out. */
export function namesToJson(names: DefinitionNames): JsonObject {
  return {
    plural: names.plural,
    ...(names.singular ? { singular: names.singular } : {}),
    ...(names.shortNames.length > 0 ? { shortNames: [...names.shortNames] } : {}),
    kind: names.kind,
    ...(names.listKind ? { listKind: names.listKind } : {}),
    ...(names.categories.length > 0 ? { categories: [...names.categories] } : {}),
  };
}

/**
 * Decides which names a CustomResourceDefinition gets: names are unique within a group, and whoever holds one keeps
 * it. Names that others were already given (`status.acceptedNames`) are taken; a definition without a clash gets all
 * of its own. To be asked again whenever a definition of the group goes or changes.
 * Source: apiextensions, controller/status `calculateNamesAndConditions`.
 *
 * @param definition the one in question
 * @param all every definition, this one included or not
 */
export function decideNames(definition: JsonObject, all: Iterable<JsonObject>): NamesDecision {
  const crd = definitionOf(definition);
  const taken = takenNames(crd, all);
  const wanted = crd.spec.names;
  const before = crd.status.acceptedNames;
  const clashes = clashesOf(wanted, taken);
  const last = clashes.at(-1);
  if (!last)
    return {
      acceptedNames: wanted,
      namesAccepted: noConflicts,
      established: establish(crd, true, caBundleProblem(definition) !== undefined),
    };
  const namesAccepted: DefinitionCondition = { type: "NamesAccepted", status: "False", ...last };
  return { acceptedNames: acceptable(wanted, before, taken), namesAccepted, established: establish(crd, false) };
}

const noConflicts: DefinitionCondition = {
  type: "NamesAccepted",
  status: "True",
  reason: "NoConflicts",
  message: "no conflicts found",
};

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenNames(crd: CustomResourceDefinition, all: Iterable<JsonObject>): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const object of all) {
    const other = definitionOf(object);
    if (other.spec.group !== crd.spec.group || other.name === crd.name) continue;
    const names = other.status.acceptedNames;
    for (const name of [names.plural, names.singular, ...names.shortNames]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

interface Clash {
  readonly reason: string;
  readonly message: string;
}

/** In upstream's order; the last one found is the one reported. */
function clashesOf(names: DefinitionNames, taken: Taken): Clash[] {
  const clashes: Clash[] = [];
  const check = (set: ReadonlySet<string>, name: string, reason: string): void => {
    if (name && set.has(name)) clashes.push({ reason, message: `${JSON.stringify(name)} is already in use` });
  };
  check(taken.resources, names.plural, "PluralConflict");
  check(taken.resources, names.singular, "SingularConflict");
  const shortNames = names.shortNames.filter((name) => taken.resources.has(name));
  if (shortNames.length > 0) {
    const message = shortNames.map((name) => `${JSON.stringify(name)} is already in use`).join(", ");
    clashes.push({ reason: "ShortNamesConflict", message });
  }
  check(taken.kinds, names.kind, "KindConflict");
  check(taken.kinds, names.listKind, "ListKindConflict");
  return clashes;
}

function acceptable(wanted: DefinitionNames, before: DefinitionNames, taken: Taken): DefinitionNames {
  const pick = (set: ReadonlySet<string>, now: string, then: string): string => (set.has(now) ? then : now);
  return {
    plural: pick(taken.resources, wanted.plural, before.plural),
    singular: pick(taken.resources, wanted.singular, before.singular),
    shortNames: wanted.shortNames.some((name) => taken.resources.has(name)) ? before.shortNames : wanted.shortNames,
    kind: pick(taken.kinds, wanted.kind, before.kind),
    listKind: pick(taken.kinds, wanted.listKind, before.listKind),
    categories: wanted.categories,
  };
}

function establish(crd: CustomResourceDefinition, isAccepted: boolean, hasBrokenBundle = false): DefinitionCondition {
  const current = crd.status.conditions.find((condition) => condition["type"] === "Established");
  const wasEstablished = current?.["status"] === "True";
  if (!wasEstablished && isAccepted && hasBrokenBundle) {
    return {
      type: "Established",
      status: "False",
      reason: "InvalidCABundle",
      message: "the caBundle of the conversion webhook is invalid",
    };
  }
  if (wasEstablished || isAccepted) {
    return {
      type: "Established",
      status: "True",
      reason: "InitialNamesAccepted",
      message: "the initial names have been accepted",
    };
  }
  return { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" };
}
