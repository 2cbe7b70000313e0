import { getHeapSnapshot } from "node:v8";
import type { Clock, Resource } from "@homeostat/api";
import type { LedgerEntry } from "../ledger/cause.ts";
import type { HttpAnswer, HttpHandler, HttpRequest } from "../manager/http-server.ts";
import type { Ledger } from "../manager/manager.ts";
import { hostOf, isLoopback } from "./loopback.ts";
import { type Profile, recordAllocations, recordCpu } from "./record.ts";

/** What is told. */
export interface DebugHandlerOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly queues: () => readonly QueueReport[];
  /** Answer requests under any host name. Default false: only under names of this machine. */
  readonly allowRemote?: boolean;
}

/** A controller's queue at one moment. */
export interface QueueReport {
  readonly controller: string;
  /** The kind it reconciles; undefined: none of its own. */
  readonly resource?: Pick<Resource, "group" | "kind" | "plural" | "singular" | "shortNames" | "scope">;
  /** How many keys are ready, by priority; priorities without any are left out. */
  readonly ready: Readonly<Record<string, number>>;
  /** Keys whose time has not come. */
  readonly waiting: number;
  /** Keys that are being worked on. */
  readonly processing: readonly string[];
}

const defaultSeconds = 30;
const maxSeconds = 300;

/**
 * What people ask a running operator when they wonder:
 *
 * | path | answer |
 * |---|---|
 * | `/debug/pprof/` | this list |
 * | `/debug/pprof/profile?seconds=30` | CPU profile (`.cpuprofile`) |
 * | `/debug/pprof/allocs?seconds=30` | what allocates, by samples (`.heapprofile`) |
 * | `/debug/pprof/heap` | heap snapshot (`.heapsnapshot`); stops the process while it is taken |
 * | `/debug/ledger?controller=&cluster=&namespace=&name=` | the last reconciles, and why, as JSON |
 * | `/debug/queues` | what is queued and running, as JSON |
 *
 * One recording at a time: others get 409. The command line and the environment are not told; secrets live there.
 */
export function debugHandler(options: DebugHandlerOptions): HttpHandler {
  const { clock, ledger, queues, allowRemote = false } = options;
  let recording: string | undefined;
  let recordings = 0;

  /** Runs a recording unless there is one. */
  const alone = async (what: string, record: () => Promise<HttpAnswer>): Promise<HttpAnswer> => {
    if (recording) return { status: 409, body: `${recording} is being recorded: ask again when it is done\n` };
    recording = what;
    recordings++;
    try {
      return await record();
    } finally {
      recording = undefined;
    }
  };
  const timed = (request: HttpRequest, what: string, record: Recorder, extension: string): Promise<HttpAnswer> => {
    const seconds = secondsOf(request.query);
    if (seconds === undefined) {
      return Promise.resolve({ status: 400, body: `seconds must be a number from 1 to ${maxSeconds}\n` });
    }
    return alone(what, async () => {
      const profile = await record(clock, seconds * 1000, request.signal);
      return download(JSON.stringify(profile), `${what}-${recordings}.${extension}`);
    });
  };

  return async (request) => {
    // A page in a browser of this machine can be led here under a name of its own; it must not get to read.
    if (!allowRemote && !isLoopback(hostOf(String(request.headers["host"] ?? "")))) {
      return { status: 403, body: "only names of this machine are answered: use 127.0.0.1 or localhost\n" };
    }
    switch (request.path) {
      case "/debug/pprof":
      case "/debug/pprof/":
        return { status: 200, body: index, contentType: "text/html; charset=utf-8" };
      case "/debug/pprof/profile":
        return timed(request, "cpu", recordCpu, "cpuprofile");
      case "/debug/pprof/allocs":
        return timed(request, "allocs", recordAllocations, "heapprofile");
      case "/debug/pprof/heap":
        if (request.method === "HEAD") return download("", "heap.heapsnapshot");
        return alone("heap", async () => download(getHeapSnapshot(), `heap-${recordings}.heapsnapshot`));
      case "/debug/ledger":
        return json({ entries: ledgerEntries(ledger, request.query) });
      case "/debug/queues":
        return json({ queues: queues() });
      default:
        return undefined;
    }
  };
}

type Recorder = (clock: Clock, durationMs: number, signal: AbortSignal) => Promise<Profile>;

function secondsOf(query: URLSearchParams): number | undefined {
  const seconds = Number(query.get("seconds") ?? defaultSeconds);
  return seconds >= 1 && seconds <= maxSeconds ? seconds : undefined;
}

function ledgerEntries(ledger: Ledger, query: URLSearchParams): readonly LedgerEntry[] {
  const filter: Record<string, string> = {};
  for (const field of ["controller", "cluster", "namespace", "name"]) {
    const value = query.get(field);
    if (value) filter[field] = value;
  }
  return ledger.entries(filter);
}

const json = (value: unknown): HttpAnswer => ({
  status: 200,
  body: `${JSON.stringify(value)}\n`,
  contentType: "application/json",
});

const download = (body: HttpAnswer["body"], filename: string): HttpAnswer => ({
  status: 200,
  body,
  contentType: "application/json",
  headers: { "content-disposition": `attachment; filename="${filename}"` },
});

const index = `<!doctype html>
<title>homeostat: profiles</title>
<ul>
<li><a href="/debug/pprof/profile?seconds=30">profile</a>: CPU profile of the next seconds
<li><a href="/debug/pprof/allocs?seconds=30">allocs</a>: what allocates memory in the next seconds
<li><a href="/debug/pprof/heap">heap</a>: heap snapshot; the process stands still while it is taken
<li><a href="/debug/ledger">ledger</a>: the last reconciles, and why they happened
<li><a href="/debug/queues">queues</a>: what is queued and running
</ul>
`;
