import { ConfigMap } from "@homeostat/api";
import { silentLogger } from "../log.ts";
import { createManager } from "./create-manager.ts";
import { runUntilSignal } from "./run-until-signal.ts";

/** A leader that does nothing but write, as fast as it can: a test freezes it. */
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
        if (count === 0) tell("writes");
      } catch (error) {
        tell((error as { readonly code?: string }).code ?? String(error));
        return;
      }
    }
  },
});

await runUntilSignal(manager);
