#!/usr/bin/env node
// Compiled code is kept between runs, which halves the time of a start; so it is switched on before all other imports.
import module from "node:module";

module.enableCompileCache?.();
const { processEnvironment } = await import("./process-environment.ts");
const { run } = await import("./program.ts");
process.exitCode = await run(process.argv.slice(2), processEnvironment(process));
