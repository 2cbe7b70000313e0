import type { Transport } from "@homeostat/api";

/** A line of a watch. */
export interface WatchLine {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly object: any;
}

/** A watch under way. */
export interface Watching {
  /** The answer's head. */
  readonly opened: Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>> }>;
  /** Lines so far. */
  readonly lines: readonly WatchLine[];
  /** Resolves with all lines when there are so many, or when one satisfies. Fails when the stream ends before. */
  until(wanted: number | ((line: WatchLine) => boolean)): Promise<readonly WatchLine[]>;
  /** Resolves with all lines at the clean end of the stream. */
  readonly ended: Promise<readonly WatchLine[]>;
  stop(): void;
}

/** Opens a watch. The path says which, `watch=true` is added. */
export function watchLines(
  transport: Transport,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Watching {
  const aborting = new AbortController();
  const lines: WatchLine[] = [];
  const waiting = new Set<() => void>();
  const decoder = new TextDecoder();
  let rest = "";
  const take = (chunk: Uint8Array): void => {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    for (const part of parts) lines.push(JSON.parse(part) as WatchLine);
    for (const wake of [...waiting]) wake();
  };
  const response = transport({
    method: "GET",
    path: `${path}${path.includes("?") ? "&" : "?"}watch=true`,
    headers,
    signal: aborting.signal,
  });
  const opened = response.then(({ status, headers: sent }) => ({ status, headers: sent }));
  const ended = response.then(async (answer) => {
    await answer.pipe(take);
    return lines;
  });
  opened.catch(() => undefined);
  ended.catch(() => undefined);
  return {
    opened,
    lines,
    ended,
    until(wanted) {
      const met = (): boolean => (typeof wanted === "number" ? lines.length >= wanted : lines.some(wanted));
      return new Promise((resolve, reject) => {
        const check = (): void => {
          if (!met()) return;
          waiting.delete(check);
          resolve([...lines]);
        };
        waiting.add(check);
        check();
        const fail = (why: string): void =>
          met() ? undefined : reject(new Error(`${why} after ${JSON.stringify(lines.map(({ type }) => type))}`));
        ended.then(
          () => fail("the watch ended"),
          (error: unknown) => fail(`the watch broke: ${String(error)}`),
        );
      });
    },
    stop: () => aborting.abort(),
  };
}
