export { ReloaderConfig } from "./api.ts";
export type { ReloadObserver, ReloadReport } from "./engine/observer.ts";
export { explainWorkload, type WorkloadAsked } from "./explain/explain-workload.ts";
export { type ReloaderOperatorOptions, reloaderOperator } from "./operator.ts";
export type { ReloaderOptions } from "./options.ts";
