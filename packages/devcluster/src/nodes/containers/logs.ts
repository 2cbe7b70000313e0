import { type Clock, type Container, type Pod, type Stored, statusError } from "@homeostat/api";
import type { PodLogs } from "@homeostat/apiserver";
import type { RunningContainer } from "./container-program.ts";
import { loggedRun, type Run } from "./container-runs.ts";
import { scriptLines } from "./script-lines.ts";

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** Logs of so many runs of containers are kept, the newest. */
const keptRuns = 1_000;
/** How often a log that is followed is looked at, in milliseconds. */
const followMs = 200;

/** What containers have logged, in memory. */
export interface LogStore {
  append(run: string, text: string): void;
  lines(run: string): readonly LogLine[];
}

export function createLogStore(clock: Clock): LogStore {
  const runs = new Map<string, LogLine[]>();
  return {
    append(run, text) {
      const lines = runs.get(run) ?? [];
      runs.set(run, lines);
      for (const line of text.replace(/\n$/, "").split("\n")) lines.push({ at: clock.now(), text: line });
      if (runs.size > keptRuns) runs.delete(runs.keys().next().value!);
    },
    lines: (run) => runs.get(run) ?? [],
  };
}

export interface LogSources {
  readonly clock: Clock;
  readonly store: LogStore;
  /** What the container's programs say each run begins with. */
  startText(pod: Stored<Pod>, container: string, run: Run): string;
  containerOf(pod: Stored<Pod>, name: string): Container;
  /** The pod as it is now; undefined when it is gone. */
  current(pod: Stored<Pod>): Promise<Stored<Pod> | undefined>;
}

/**
 * Logs of pods. A run begins with what its programs say; then comes what the container's own command echoes, at the
 * times it does so, and what has been logged by functions since.
 */
export function podLogs(sources: LogSources): PodLogs {
  return (object, name, query) => {
    const pod = object as unknown as Stored<Pod>;
    if (!pod.spec?.nodeName) return new Uint8Array(0);
    const options = logOptions(query);
    const run = loggedRun(pod, name, options.previous);
    const lines = select(linesOf(sources, pod, name, run), options, sources.clock.now());
    const text = format(lines, options);
    if (!options.follow || run.endedAt !== undefined) return limited(text, options.limitBytes);
    return async (stream) => {
      let left = options.limitBytes;
      const write = (piece: Uint8Array): void => {
        const cut = limited(piece, left);
        if (left !== undefined) left -= cut.length;
        if (cut.length > 0) stream.write(cut);
      };
      write(text);
      let seen = linesOf(sources, pod, name, run).length;
      for (let current: Stored<Pod> | undefined = pod; !stream.signal.aborted && left !== 0; ) {
        await pause(sources.clock, stream.signal);
        current = await sources.current(pod);
        const now = current && runOf(current, name, run);
        const all = linesOf(sources, current ?? pod, name, now ?? run);
        write(format(all.slice(seen), options));
        seen = all.length;
        if (!now || now.endedAt !== undefined) return;
      }
    };
  };
}

/** The same run later; undefined when another has begun. */
function runOf(pod: Stored<Pod>, name: string, run: Run): Run | undefined {
  for (const previous of [false, true]) {
    try {
      const found = loggedRun(pod, name, previous);
      if (found.id === run.id) return found;
    } catch {
      // There is no such run.
    }
  }
  return undefined;
}

function linesOf(sources: LogSources, pod: Stored<Pod>, name: string, run: Run): LogLine[] {
  const { clock, store } = sources;
  const start = sources.startText(pod, name, run);
  const first = start === "" ? [] : start.replace(/\n$/, "").split("\n");
  const { command = [], args = [] } = sources.containerOf(pod, name);
  const echoed = scriptLines([...command, ...args]).map(({ afterMs, text }) => ({ at: run.startedAt + afterMs, text }));
  const until = run.endedAt ?? clock.now();
  const all = [...first.map((text) => ({ at: run.startedAt, text })), ...echoed.filter(({ at }) => at <= until)];
  return [...all, ...store.lines(run.id)].toSorted((a, b) => a.at - b.at);
}

interface LogOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly sinceTime: number | undefined;
}

/** @throws ApiError 422 for values no log can have. Source: core/v1 `PodLogOptions` */
function logOptions(query: URLSearchParams): LogOptions {
  const flag = (name: string): boolean => /^(true|1|)$/i.test(query.get(name) ?? "false");
  const number = (name: string, least: number): number | undefined => {
    const text = query.get(name);
    if (!text) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw invalid(`${name}: Invalid value: ${JSON.stringify(text)}: must be an integer of at least ${least}`);
  };
  const sinceTime = query.get("sinceTime") ? Date.parse(query.get("sinceTime")!) : undefined;
  if (Number.isNaN(sinceTime)) throw invalid("sinceTime: must be a time such as 2026-01-02T15:04:05Z");
  const sinceSeconds = number("sinceSeconds", 1);
  if (sinceTime !== undefined && sinceSeconds !== undefined)
    throw invalid("at most one of sinceTime or sinceSeconds may be specified");
  return {
    ...{ follow: flag("follow"), previous: flag("previous"), timestamps: flag("timestamps") },
    ...{ tailLines: number("tailLines", 0), limitBytes: number("limitBytes", 1), sinceSeconds, sinceTime },
  };
}

const invalid = (message: string) => statusError(422, "Invalid", `PodLogOptions is invalid: ${message}`);

function select(lines: readonly LogLine[], options: LogOptions, now: number): readonly LogLine[] {
  const { sinceSeconds, sinceTime, tailLines } = options;
  const since = sinceTime ?? (sinceSeconds === undefined ? 0 : now - sinceSeconds * 1000);
  const recent = lines.filter(({ at }) => at >= since);
  return tailLines === undefined ? recent : recent.slice(recent.length - Math.min(tailLines, recent.length));
}

function format(lines: readonly LogLine[], { timestamps }: LogOptions): Uint8Array {
  const stamp = (at: number): string => (timestamps ? `${new Date(at).toISOString().replace("Z", "000000Z")} ` : "");
  return Buffer.from(lines.map(({ at, text }) => `${stamp(at)}${text}\n`).join(""));
}

const limited = (bytes: Uint8Array, limit: number | undefined): Uint8Array =>
  limit === undefined ? bytes : bytes.subarray(0, limit);

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.setTimer(done, followMs, { keepAlive: false });
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Attaching to a container that says nothing of its own about it shows its log as it grows. */
export async function showLog(
  logs: PodLogs,
  { pod, container }: Pick<RunningContainer, "pod" | "container">,
  write: (data: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ follow: "true", tailLines: "0" });
  const body = await logs(pod as never, container.name, query);
  if (typeof body !== "function") return write(body);
  await body({ write: (chunk) => void write(chunk), buffered: () => 0, signal });
}
