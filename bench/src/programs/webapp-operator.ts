import { connect, createManager, silentLogger } from "@homeostat/runtime";
import { webAppOperator } from "@homeostat/webapp";
import { serveLines } from "./lines.ts";

/** The WebApp operator on the cluster of the kubeconfig given. */
const { transport } = connect({ kubeconfig: process.argv[2]! });
const manager = createManager({ transport, log: silentLogger, name: "webapp-operator" });
for (const controller of webAppOperator.controllers()) manager.add(controller);
await manager.start();
serveLines({}, { stop: () => manager.stop() });
