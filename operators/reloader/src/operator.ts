import type { Deployment, Secret } from "@homeostat/api";
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
  /** Something to try it with: a Secret, a Deployment that uses it, and who has the one roll for the other. */
  samples: [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "shop-db", namespace: "default" },
      data: { password: Buffer.from("one").toString("base64") },
    } satisfies Secret,
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "shop", namespace: "default" },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "shop" } },
        template: {
          metadata: { labels: { app: "shop" } },
          spec: { containers: [{ name: "main", image: "nginx", envFrom: [{ secretRef: { name: "shop-db" } }] }] },
        },
      },
    } satisfies Deployment,
    ReloaderConfig.object({
      metadata: { name: "shop", namespace: "default" },
      spec: { watchedResources: { secrets: ["shop-db"] }, targets: [{ kind: "Deployment", name: "shop" }] },
    }),
  ] as const,
};
