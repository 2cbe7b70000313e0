import type { ControllerDefinition } from "@homeostat/runtime";
import { ReloaderConfig } from "./api.ts";
import { reloaderControllers } from "./controllers.ts";
import type { ReloadObserver, ReloadReport } from "./engine/observer.ts";
import type { ReloaderOptions } from "./options.ts";

export interface ReloaderOperatorOptions extends ReloaderOptions {
  /** Who is to hear of reloads: metrics, alerts. Default: nobody. */
  readonly observers?: readonly ReloadObserver[];
  /** Webhook mode: called instead of reloading; called again when it throws. Default: workloads are reloaded. */
  readonly notify?: (report: ReloadReport) => Promise<void>;
}

/** The operator as a value: its kinds, its controllers, and something to try it with. */
export const reloaderOperator = {
  name: "reloader",
  resources: [ReloaderConfig],
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
  controllers: ({ observers, notify, ...options }: ReloaderOperatorOptions = {}): ControllerDefinition<any>[] =>
    reloaderControllers(options, observers, notify),
  sample: ReloaderConfig.object({
    metadata: { name: "reloaderconfig-sample", namespace: "default" },
    spec: {
      watchedResources: { secrets: ["test-secret"], configMaps: ["test-cm"] },
      targets: [{ kind: "Deployment", name: "web" }],
    },
  }),
};
