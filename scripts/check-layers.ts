import { findBreaches } from "./layers.ts";

const breaches = findBreaches(new URL("..", import.meta.url).pathname);
for (const { file, imports } of breaches)
  process.stdout.write(`${file} imports ${imports}, which is not below it (see scripts/layers.ts)\n`);
process.exitCode = breaches.length > 0 ? 1 : 0;
