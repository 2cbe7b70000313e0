import { ReloaderConfig, reloaderOperator } from "@homeostat/reloader";
import { connect, createManager, silentLogger } from "@homeostat/runtime";
import { serveLines } from "./lines.ts";

/** The Reloader operator on the cluster of the kubeconfig given, which serves its kind. */
const { transport } = connect({ kubeconfig: process.argv[2]! });
const manager = createManager({ transport, log: silentLogger, name: "reloader", checkPermissions: false });
for (const controller of reloaderOperator.controllers()) manager.add(controller);
await manager.start();
serveLines({ kind: ReloaderConfig.kind }, { stop: () => manager.stop() });
