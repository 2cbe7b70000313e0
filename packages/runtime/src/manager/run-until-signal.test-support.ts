import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import { runUntilSignal } from "./run-until-signal.ts";

/** A program as operators are: `clean` stops when asked to, `stuck` never does. */
const manager = createManager({
  transport: () => Promise.reject(new Error("network is unreachable")),
  log: silentLogger,
  gracefulShutdownMs: -1,
});

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

manager.add({
  name: "program",
  run: (signal) =>
    new Promise((resolve) => {
      // Something that keeps the process alive, as a server would.
      const alive = setInterval(() => {}, 60_000);
      signal.addEventListener("abort", () => {
        tell("stopping");
        if (process.argv[2] === "stuck") return;
        clearInterval(alive);
        resolve();
      });
      tell("running");
    }),
});

await runUntilSignal(manager);
tell("ended");
