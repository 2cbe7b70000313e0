import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ReloaderConfig, reloaderOperator } from "@homeostat/reloader";
import { connect, createManager, silentLogger } from "@homeostat/runtime";
import { serveLines } from "./lines.ts";

/** The Reloader operator on the cluster of the kubeconfig given, which serves its kind. */
const { transport } = connect({ kubeconfig: process.argv[2]! });
const manager = createManager({ transport, log: silentLogger, name: "reloader", checkPermissions: false });
for (const controller of reloaderOperator.controllers()) manager.add(controller);
await manager.start();
/** What is held when all garbage is gone, in bytes: resident memory tells also how much there once was. */
async function live(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let turn = 0; turn < 4; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
serveLines({ kind: ReloaderConfig.kind }, { answer: live, stop: () => manager.stop() });
