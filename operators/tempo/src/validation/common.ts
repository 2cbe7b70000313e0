import { fieldError } from "@homeostat/api";
import type { ClusterFacts } from "./facts.ts";
import { accepted, error, invalid, storageVerdict, type Verdict } from "./verdict.ts";

const longestName = 63;

/** Names become label values and parts of other names. */
export function checkName(name: string): Verdict {
  return name.length > longestName
    ? invalid("metadata.name", name, `must be no more than ${longestName} characters`)
    : accepted;
}

/** A Service's name is a label of DNS. */
const longestServiceName = 63;

/**
 * What is wrong with a resource's name because of the longest of its Services. Only a warning to whom asks for the
 * resource, since the Go operator lets it pass; yet nothing can be made of it.
 */
export function serviceNameProblem(name: string, longest: string): string | undefined {
  const excess = longest.length - longestServiceName;
  if (excess <= 0) return undefined;
  const limit = `no more than ${name.length - excess} characters`;
  return `the name of Service ${longest} would be too long: choose a name of ${limit}`;
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
