import { type LabelSelector, labelMatcher, type Pod, type Stored } from "@homeostat/api";

/** Names the stage of a pod, on the pod or in its template; a change of it shows at once. */
export const stageLabel = "dev.homeostat/stage";

/**
 * How pods of a kind behave, told from outside: by the label above, or by a selector. The idea is KWOK's, whose stages
 * do this by templates and patches.
 */
export interface PodStage {
  /** What pods write into the label to be in this stage; one of a built-in name replaces that. */
  readonly name: string;
  /** Pods that are in it without naming it. Default: none. */
  readonly selector?: LabelSelector;
  /** Of several stages whose selectors match, each is drawn in proportion to its weight. Default 1. */
  readonly weight?: number;
  /** Default: that of the cluster. */
  readonly speed?: "instant" | "real";
  /** From the node to the start of its containers, in milliseconds. Default: by the speed. */
  readonly delayMs?: number;
  /** Up to so many milliseconds more, the same each time a pod is looked at. Default 0. */
  readonly jitterMs?: number;
  /** What its containers do, in the words of `behaviorAnnotation`, which a pod can add to. Default: they run. */
  readonly behavior?: string;
}

/** Stages every cluster has. */
export const builtinStages: readonly PodStage[] = [
  { name: "instant", speed: "instant" },
  { name: "delayed", delayMs: 5_000, jitterMs: 5_000 },
  // Not at once: what makes pods makes the next one as soon as one has failed.
  { name: "failing", delayMs: 1_000, behavior: "fail=1s" },
  { name: "crash-looping", behavior: "crash" },
  { name: "unready", behavior: "unready" },
  { name: "image-missing", behavior: "image-missing" },
];

export type StageChoice =
  | { readonly type: "none" }
  | { readonly type: "stage"; readonly stage: PodStage }
  /** The label names a stage that there is not. */
  | { readonly type: "unknown"; readonly message: string };

/** The stage of a pod: the one it names, else one whose selector matches, by weight. Pure. */
export function stageOf(pod: Stored<Pod>, stages: readonly PodStage[]): StageChoice {
  const labels = pod.metadata.labels ?? {};
  const name = labels[stageLabel];
  if (name !== undefined) {
    const all = [...stages, ...builtinStages.filter((each) => !stages.some((stage) => stage.name === each.name))];
    const stage = all.find((each) => each.name === name);
    if (stage) return { type: "stage", stage };
    const known = all.map((each) => each.name).join(", ");
    return { type: "unknown", message: `label ${stageLabel}: there is no stage ${name}; there are ${known}` };
  }
  const stage = drawn(
    stages.filter(({ selector }) => selector !== undefined && labelMatcher(selector).matches(labels)),
    spreadOf(`stage/${pod.metadata.uid}`),
  );
  return stage ? { type: "stage", stage } : { type: "none" };
}

function drawn(stages: readonly PodStage[], at: number): PodStage | undefined {
  const weightOf = ({ weight = 1 }: PodStage): number => Math.max(0, weight);
  let left = at * stages.reduce((total, stage) => total + weightOf(stage), 0);
  for (const stage of stages) {
    left -= weightOf(stage);
    if (left < 0) return stage;
  }
  return undefined;
}

/** A number in [0, 1) that is the same each time a pod is looked at. */
export function spreadOf(uid: string): number {
  let hash = 0;
  for (let index = 0; index < uid.length; index++) hash = (Math.imul(hash, 31) + uid.charCodeAt(index)) >>> 0;
  // The last characters alone would decide the low bits only.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
