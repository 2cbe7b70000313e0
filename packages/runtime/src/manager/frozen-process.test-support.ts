import { once } from "node:events";
import { ConfigMap } from "@homeostat/api";
import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import { runUntilSignal } from "./run-until-signal.ts";

/**
 * A leader that writes once, waits for a line on standard input, and then writes as fast as it can. A test freezes it
 * while it waits, so that no write is on its way, and has the line there when it wakes.
 */
const manager = createManager({
  log: silentLogger,
  leaderElection: {
    id: "operator",
    namespace: "ops",
    identity: "frozen",
    leaseDurationMs: 2_000,
    renewDeadlineMs: 1_500,
    retryPeriodMs: 100,
  },
});

const tell = (line: string): void => void process.stdout.write(`${line}\n`);

manager.add({
  name: "writer",
  async run(signal) {
    for (let count = 0; !signal.aborted; count++) {
      try {
        await manager.client.patchMerge(ConfigMap, { namespace: "demo", name: "count" }, { data: { at: `${count}` } });
        if (count > 0) continue;
        tell("writes");
        await once(process.stdin, "data");
      } catch (error) {
        tell((error as { readonly code?: string }).code ?? String(error));
        return;
      }
    }
  },
});

await runUntilSignal(manager);
