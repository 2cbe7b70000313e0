import { type Container, controllerOf, type Pod, parseDuration } from "@homeostat/api";

/** What a container will do. */
export interface Program {
  /** Milliseconds from start to end; undefined: it runs until it is stopped. */
  readonly endsAfterMs?: number;
  readonly exitCode: number;
  /** Reason of its end; default `Completed` or `Error`, by the exit code. */
  readonly reason?: string;
  /** Milliseconds from start to readiness; undefined: never ready. */
  readonly readyAfterMs?: number;
  readonly imageMissing: boolean;
}

/**
 * Wishes for failure, on a pod or in its template, several with commas: `crash`, `unready`, `slow=30s`, `exit=1`, `oom`,
 * `image-missing`, and `fail=10s`: after ten seconds it fails for good, whatever its restart policy.
 */
export const behaviorAnnotation = "dev.homeostat/behavior";

export interface ProgramOptions {
  /** Images that cannot be pulled: `*` stands for anything. */
  readonly missingImages: readonly string[];
  /** How long a container runs that ends by itself and does not say when. */
  readonly workMs: number;
  /** Whether probes' initial delays are waited for. */
  readonly probeDelays: boolean;
  /** Wishes of the pod's stage; those of the pod itself are added to them. */
  readonly behavior?: string;
}

/** Images that upstream's own tests use as ones that do not exist. */
export const defaultMissingImages: readonly string[] = ["*:non-existent", "*:404", "*/invalid*", "invalid*"];

/** What a container of a pod will do, from the pod's annotation, the image and the command. */
export function programOf(pod: Pod, container: Container, init: boolean, options: ProgramOptions): Program {
  const wish = init ? {} : wishesFor(pod, options);
  const image = container.image ?? "";
  const imageMissing = wish.imageMissing === true || options.missingImages.some((pattern) => matches(pattern, image));
  const run = wish.end ?? runOf(pod, container, init, options);
  const probeMs = options.probeDelays ? (container.readinessProbe?.initialDelaySeconds ?? 0) * 1000 : 0;
  const readyAfterMs = wish.unready ? undefined : Math.max(wish.slowMs ?? 0, probeMs);
  return { exitCode: 0, ...run, imageMissing, ...(readyAfterMs === undefined ? {} : { readyAfterMs }) };
}

/** When the containers of a pod are started again: a pod that is to fail for good never is. */
export function restartPolicyOf(pod: Pod, options: ProgramOptions): "Always" | "OnFailure" | "Never" {
  return wishesFor(pod, options).fails ? "Never" : (pod.spec?.restartPolicy ?? "Always");
}

function wishesFor(pod: Pod, { behavior = "" }: ProgramOptions): Wishes {
  return wishesOf(`${behavior},${pod.metadata?.annotations?.[behaviorAnnotation] ?? ""}`);
}

type Run = Pick<Program, "endsAfterMs" | "reason"> & { readonly exitCode?: number };

interface Wishes {
  readonly end?: Run;
  readonly unready?: boolean;
  readonly slowMs?: number;
  readonly imageMissing?: boolean;
  readonly fails?: boolean;
}

function wishesOf(text: string): Wishes {
  let wishes: Wishes = {};
  for (const part of text.split(",").map((word) => word.trim())) {
    const [name, value = ""] = part.split("=");
    if (name === "crash") wishes = { ...wishes, end: { endsAfterMs: 0, exitCode: 1 } };
    else if (name === "exit") wishes = { ...wishes, end: { endsAfterMs: 0, exitCode: Number(value) || 0 } };
    else if (name === "oom") wishes = { ...wishes, end: { endsAfterMs: 0, exitCode: 137, reason: "OOMKilled" } };
    else if (name === "fail") wishes = { ...wishes, end: { endsAfterMs: durationOf(value), exitCode: 1 }, fails: true };
    else if (name === "unready") wishes = { ...wishes, unready: true };
    else if (name === "slow") wishes = { ...wishes, slowMs: durationOf(value) };
    else if (name === "image-missing") wishes = { ...wishes, imageMissing: true };
  }
  return wishes;
}

/** A wish with a typing error slows nothing down. */
function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return 0;
  }
}

function matches(pattern: string, image: string): boolean {
  const escaped = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(image);
}

/** Init containers and pods of Jobs are there to end; other containers serve until they are stopped. */
function runOf(pod: Pod, container: Container, init: boolean, options: ProgramOptions): Run {
  const said = commandRun([...(container.command ?? []), ...(container.args ?? [])]);
  if (said) return said.endsAfterMs === Number.POSITIVE_INFINITY ? {} : said;
  if (/(^|\/)pause(:|@|$)/.test(container.image ?? "")) return {};
  const sidecar = init && container.restartPolicy === "Always";
  const ends = (init && !sidecar) || controllerOf(pod)?.kind === "Job";
  return ends ? { endsAfterMs: options.workMs } : {};
}

/** How the commands run that tests use: `sleep N`, `exit N`, `true`, `false`, alone or in a line for a shell. */
export function commandRun(words: readonly string[]): Run | undefined {
  const [program = "", flag, script] = words;
  if (/(^|\/)(ba)?sh$/.test(program) && /^-[a-z]*c$/.test(flag ?? "")) return scriptRun(script ?? "");
  return words.length === 0 ? undefined : scriptRun(words.join(" "));
}

function scriptRun(script: string): Run | undefined {
  let endsAfterMs = 0;
  for (const statement of script.split(/;|&&|\n/).map((text) => text.trim())) {
    const [word = "", argument = ""] = statement.split(/\s+/);
    if (word === "") continue;
    const name = word.slice(word.lastIndexOf("/") + 1);
    if (name === "exit") return { endsAfterMs, exitCode: Number(argument) || 0 };
    if (name === "false") return { endsAfterMs, exitCode: 1 };
    if (name === "sleep") endsAfterMs += sleepMs(argument);
    else if (!["true", "echo", ":"].includes(name)) return undefined;
  }
  return { endsAfterMs, exitCode: 0 };
}

function sleepMs(argument: string): number {
  if (argument === "infinity" || argument === "inf") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(argument);
  const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] || "s"] ?? 1000;
  return match ? Number(match[1]) * unit : 0;
}
