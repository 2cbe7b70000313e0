import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { WriteStream } from "node:tty";
import { systemClock } from "@homeostat/api";
import type { Environment, Output } from "./environment.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The environment of a real process. */
export function processEnvironment(own: NodeJS.Process): Environment {
  return {
    stdout: output(own.stdout),
    stderr: output(own.stderr),
    cwd: own.cwd(),
    variables: own.env,
    pid: own.pid,
    hostname: hostname(),
    execPath: own.execPath,
    clock: systemClock,
    randomBytes: (count) => randomBytes(count),
    onSignal(listener) {
      for (const signal of signals) own.on(signal, listener);
      return () => {
        for (const signal of signals) own.off(signal, listener);
      };
    },
    onExit: (listener) => void own.on("exit", listener),
    readLine: () => readLine(own),
    exit: (code) => own.exit(code),
  };
}

/** Standard input is let go of afterwards: while it is read the process does not end by itself. */
function readLine({ stdin }: NodeJS.Process): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off("data", done).off("end", done).pause();
      resolve();
    };
    stdin.on("data", done).on("end", done).resume();
  });
}

function output(stream: WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    size: () => (stream.isTTY ? { columns: stream.columns, rows: stream.rows } : undefined),
    onResize(listener) {
      stream.on("resize", listener);
      return () => stream.off("resize", listener);
    },
    onClosed: (listener) => void stream.on("error", listener),
  };
}
