import { enableCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { createLogger, createManager, runUntilSignal } from "@homeostat/runtime";
import { bugs, isBug } from "./bugs.ts";
import { webAppOperator } from "./operator.ts";

/** Runs the operator against the cluster of the kubeconfig, or of the pod it runs in. */
async function main(): Promise<void> {
  enableCompileCache();
  const { values } = parseArgs({
    options: {
      bug: { type: "string" },
      namespace: { type: "string", short: "n" },
      "metrics-address": { type: "string", default: "127.0.0.1:8080" },
      "health-address": { type: "string", default: "127.0.0.1:8081" },
      "profiling-address": { type: "string" },
      "leader-elect": { type: "boolean", default: false },
    },
  });
  if (values.bug !== undefined && !isBug(values.bug)) {
    throw new Error(`--bug ${values.bug}: no such bug; there are ${Object.keys(bugs).join(", ")}`);
  }
  const manager = createManager({
    name: "webapp-operator",
    log: createLogger(),
    metricsAddress: values["metrics-address"],
    healthAddress: values["health-address"],
    ...(values.namespace === undefined ? {} : { namespace: values.namespace }),
    ...(values["profiling-address"] === undefined ? {} : { profilingAddress: values["profiling-address"] }),
    ...(values["leader-elect"] ? { leaderElection: { id: "webapp-operator" } } : {}),
  });
  for (const controller of webAppOperator.controllers(values.bug === undefined ? {} : { bug: values.bug }))
    manager.add(controller);
  await runUntilSignal(manager);
}

main().catch((error: unknown) => {
  process.stderr.write(`webapp-operator: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
