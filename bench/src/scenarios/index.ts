import type { Scenario } from "../scenario.ts";
import { boot } from "./boot.ts";
import { cacheIngest } from "./cache-ingest.ts";
import { fanOut } from "./fan-out.ts";
import { imports } from "./imports.ts";
import { latency } from "./latency.ts";
import { listing } from "./listing.ts";
import { manyObjects } from "./many-objects.ts";
import { memory } from "./memory.ts";
import { queue } from "./queue.ts";
import { reconcile } from "./reconcile.ts";
import { reloader } from "./reloader.ts";
import { requests } from "./requests.ts";
import { tempo } from "./tempo.ts";

/** All of them, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  boot,
  imports,
  requests,
  fanOut,
  reconcile,
  reloader,
  tempo,
  latency,
  cacheIngest,
  listing,
  manyObjects,
  queue,
  memory,
];
