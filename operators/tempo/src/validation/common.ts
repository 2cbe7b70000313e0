import { fieldError } from "@homeostat/api";
import type { ClusterFacts } from "./facts.ts";
import { accepted, error, invalid, storageVerdict, type Verdict, warning } from "./verdict.ts";

const longestName = 63;

/** Names become label values and parts of other names. */
export function checkName(name: string): Verdict {
  return name.length > longestName
    ? invalid("metadata.name", name, `must be no more than ${longestName} characters`)
    : accepted;
}

/** An object whose name is made of the resource's. */
export interface NamedObject {
  readonly kind: keyof typeof longestNames;
  readonly name: string;
}

/** A Service's name is a label of DNS; a StatefulSet's, with a digest behind, the value of a label of its pods. */
const longestNames = { Service: 63, StatefulSet: 52 } as const;

/**
 * What is wrong with a resource's name because of those of its objects. Only a warning to whom asks for the resource,
 * since the Go operator lets it pass; yet nothing can be made of it.
 */
export function objectNameProblem(resource: string, objects: readonly NamedObject[]): string | undefined {
  const excesses = objects.map(({ kind, name }) => name.length - longestNames[kind]);
  const excess = Math.max(...excesses);
  if (excess <= 0) return undefined;
  const { kind, name } = objects[excesses.indexOf(excess)]!;
  const limit = `no more than ${resource.length - excess} characters`;
  return `the name of ${kind} ${name} would be too long: choose a name of ${limit}`;
}

export function checkObjectNames(problem: string | undefined): Verdict {
  return problem === undefined ? accepted : warning(`metadata.name: ${problem}`);
}

export function checkStorage({ storage }: ClusterFacts): Verdict {
  if (storage === undefined) return accepted;
  return "findings" in storage ? storageVerdict(storage.findings) : { errors: [], warnings: storage.warnings };
}

export function checkServiceAccount(name: string, { serviceAccount }: ClusterFacts): Verdict {
  if (serviceAccount === undefined || "found" in serviceAccount) return accepted;
  return error(fieldError.invalid("spec.serviceAccount", name, serviceAccount.error));
}

/** Objects of both kinds are named alike, so a name can be used by one of them only. */
export function checkNamesake(name: string, kind: string, other: string, { isNameTaken }: ClusterFacts): Verdict {
  return isNameTaken
    ? invalid("metadata.name", name, `cannot create a ${kind} with the name of a ${other} in the same namespace`)
    : accepted;
}

export const extraConfigWarning = (kind: string) =>
  `overriding Tempo's configuration by extraConfig can break the ${kind}: it is not checked, and what it changes is not followed elsewhere`;
