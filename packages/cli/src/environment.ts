import type { Clock } from "@homeostat/api";

/** What a command sees of the process it runs in. `main.ts` makes the real one; nothing else touches the process. */
export interface Environment {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Absolute. Relative paths in flags start here. */
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  /** Of this machine. */
  readonly hostname: string;
  /** Absolute path of the program that runs this process: Node. */
  readonly execPath: string;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls `listener` for SIGINT, SIGTERM and SIGHUP instead of ending the process; the returned function undoes that. */
  onSignal(listener: (signal: string) => void): () => void;
  /** Calls `listener` when the process ends, however it ends. Only synchronous work is done. */
  onExit(listener: () => void): void;
  /** Resolves when a line of standard input has come, or its end. Undefined: nobody is there to write one. */
  readonly readLine?: () => Promise<void>;
  /** Ends the process at once. */
  exit(code: number): never;
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Size in characters; undefined where it is no terminal. */
  size(): { readonly columns: number; readonly rows: number } | undefined;
  /** Calls `listener` when the size has changed; the returned function ends that. */
  onResize(listener: () => void): () => void;
  /** Calls `listener` when nobody reads any more. */
  onClosed(listener: () => void): void;
}
