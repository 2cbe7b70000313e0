import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Transport } from "@homeostat/api";
import { connect } from "@homeostat/runtime";

export interface ServerProcessOptions {
  readonly directory: string;
  /** When the log is replaced by a snapshot, in bytes. */
  readonly maxLogBytes: number;
  /** Where compiled code is kept, so that starting again and again is quick. */
  readonly compileCache: string;
}

/** A server in a process of its own. */
export interface ServerProcess {
  /** Resolves when it serves. @throws Error with what it said when it ends before */
  ready(): Promise<Transport>;
  /** SIGKILL. Resolves when nothing is left of it. */
  kill(): Promise<void>;
}

export function startServer({ directory, maxLogBytes, compileCache }: ServerProcessOptions): ServerProcess {
  const program = join(import.meta.dirname, "server-program.ts");
  const child = spawn(process.execPath, [program, directory, String(maxLogBytes)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  const closed = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  child.stdin.on("error", () => {});
  const firstLine = once(createInterface({ input: child.stdout }), "line");
  firstLine.catch(() => {});
  let transport: (Transport & { close(): void }) | undefined;
  return {
    async ready() {
      const line = await Promise.race([firstLine, closed.then(() => undefined)]);
      if (!line) throw new Error(`the server ended before it served: ${said}`);
      const { kubeconfig } = JSON.parse(String(line[0])) as { kubeconfig: string };
      const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => kubeconfig };
      transport = connect({ kubeconfig: "/kubeconfig", host }).transport;
      return transport;
    },
    async kill() {
      child.kill("SIGKILL");
      await closed;
      transport?.close();
    },
  };
}
