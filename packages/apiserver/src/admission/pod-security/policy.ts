import { fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { stringMap, struct } from "../../builtins/json-fields.ts";

/** From the most permissive to the strictest. */
export const levels = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof levels)[number];

/** A level as of a minor of Kubernetes 1; the standards grow with them. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number | "latest";
}

/** What a namespace asks for. Source: KEP-2579. */
export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

const prefix = "pod-security.kubernetes.io/";
const modes = ["enforce", "audit", "warn"] as const;

/** What the labels of a namespace ask for; what they leave open is `privileged`, at the latest version. */
export function policyOf(namespace: JsonObject | undefined): Policy {
  const labels = labelsOf(namespace);
  const read = (mode: (typeof modes)[number]): LevelVersion => {
    const level = levels.find((each) => each === labels[prefix + mode]) ?? "privileged";
    return { level, minor: minorOf(labels[`${prefix}${mode}-version`] ?? "latest") ?? "latest" };
  };
  return { enforce: read("enforce"), audit: read("audit"), warn: read("warn") };
}

export const isPrivileged = ({ level }: LevelVersion): boolean => level === "privileged";

/** `restricted:latest` */
export const nameOf = ({ level, minor }: LevelVersion): string =>
  `${level}:${minor === "latest" ? minor : `v1.${minor}`}`;

/** What is wrong with the labels of a namespace. */
export function labelProblems(namespace: JsonObject): StatusCause[] {
  const labels = labelsOf(namespace);
  return modes.flatMap((mode) => {
    const found: StatusCause[] = [];
    const level = labels[prefix + mode];
    if (level !== undefined && !levels.some((each) => each === level))
      found.push(problem(prefix + mode, level, `must be one of ${levels.join(", ")}`));
    const version = labels[`${prefix}${mode}-version`];
    if (version !== undefined && minorOf(version) === undefined)
      found.push(problem(`${prefix}${mode}-version`, version, 'must be "latest" or "v1.x"'));
    return found;
  });
}

const problem = (label: string, value: string, text: string): StatusCause =>
  fieldError.invalid(`metadata.labels[${label}]`, value, text);

const labelsOf = (namespace: JsonObject | undefined): Readonly<Record<string, string>> =>
  stringMap(struct(namespace, "metadata"), "labels");

function minorOf(version: string): LevelVersion["minor"] | undefined {
  if (version === "latest") return "latest";
  const match = /^v1\.(0|[1-9]\d*)$/.exec(version);
  return match ? Number(match[1]) : undefined;
}
