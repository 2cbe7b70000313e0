import { type Clock, createVirtualClock } from "@homeostat/api";
import type { Environment, Output } from "./environment.ts";

export interface FakeOutput extends Output {
  text: string;
  resize(columns: number, rows: number): void;
  /** Resolves when the text matches. */
  says(pattern: RegExp): Promise<void>;
  /** As if nobody read any more. */
  end(): void;
}

export interface FakeEnvironment extends Environment {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  signal(): void;
  /** Resolves when somebody waits for signals. */
  listens(): Promise<void>;
  /** Codes the process was told to end with at once. */
  readonly exits: number[];
}

export interface FakeOptions {
  readonly clock?: Clock;
  readonly cwd?: string;
  /** Makes standard output a terminal. */
  readonly size?: { readonly columns: number; readonly rows: number };
  readonly variables?: Readonly<Record<string, string>>;
}

/** A process that is none. */
export function fakeEnvironment(options: FakeOptions = {}): FakeEnvironment {
  const listeners = new Set<(signal: string) => void>();
  const exits: number[] = [];
  const listening = Promise.withResolvers<void>();
  return {
    stdout: fakeOutput(options.size),
    stderr: fakeOutput(),
    cwd: options.cwd ?? "/nowhere",
    variables: options.variables ?? {},
    pid: 4711,
    hostname: "desk",
    execPath: "/opt/node/bin/node",
    clock: options.clock ?? createVirtualClock(),
    randomBytes: (count) => new Uint8Array(count).fill(7),
    onSignal(listener) {
      listeners.add(listener);
      listening.resolve();
      return () => listeners.delete(listener);
    },
    onExit() {},
    exit(code) {
      exits.push(code);
      return undefined as never;
    },
    signal() {
      for (const listener of listeners) listener("SIGINT");
    },
    listens: () => listening.promise,
    exits,
  };
}

export function fakeOutput(initial?: { readonly columns: number; readonly rows: number }): FakeOutput {
  let size = initial;
  let onResize = (): void => {};
  let onClosed = (): void => {};
  let onWrite = (): void => {};
  return {
    text: "",
    isTerminal: initial !== undefined,
    size: () => size,
    write(text) {
      this.text += text;
      onWrite();
    },
    says(pattern) {
      return new Promise((resolve) => {
        onWrite = () => {
          if (pattern.test(this.text)) resolve();
        };
        onWrite();
      });
    },
    onResize(listener) {
      onResize = listener;
      return () => {
        onResize = () => {};
      };
    },
    onClosed(listener) {
      onClosed = listener;
    },
    resize(columns, rows) {
      size = { columns, rows };
      onResize();
    },
    end: () => onClosed(),
  };
}
