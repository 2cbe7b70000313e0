#!/usr/bin/env node
// What the executables of `homeostat assets` start: the first argument is the name of the one it stands for.
import module from "node:module";

module.enableCompileCache?.();
const { processEnvironment } = await import("../process-environment.ts");
const { runAsset } = await import("./run-asset.ts");
const [name = "", ...argv] = process.argv.slice(2);
const environment = processEnvironment(process);
// At once: connections of clients that have not gone yet must not hold up the end.
environment.exit(await runAsset(name, argv, environment));
