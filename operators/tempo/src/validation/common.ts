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
