import { ConfigMap } from "@homeostat/api";
import { connect, controllerFor, createManager, silentLogger } from "@homeostat/runtime";
import { serveLatencies } from "./latencies.ts";

/** Our runtime: a controller whose reconcile does nothing but note when it was called. */
const latencies = serveLatencies();
const { transport } = connect({ kubeconfig: process.argv[2]! });
const manager = createManager({ transport, log: silentLogger, name: "latency" });
manager.add(
  controllerFor(ConfigMap, { name: "latency", namespace: "default", concurrency: 4, loopGuard: false })
    .withPredicates()
    .reconcile(async ({ object }) => latencies.note(object.data?.["sentAt"])),
);
await manager.start();
latencies.ready(() => manager.stop());
