import type { ControllerDefinition } from "@homeostat/runtime";
import { WebApp } from "./api.ts";
import { type Bug, buggyControllers } from "./bugs.ts";
import { webAppController } from "./controller.ts";

export interface WebAppOperatorOptions {
  /** Reproduces one of the classic loops. Default: none. */
  readonly bug?: Bug;
}

/** The operator as a value: its kinds, its controllers, and something to try it with. */
export const webAppOperator = {
  name: "webapp",
  resources: [WebApp],
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
  controllers: ({ bug }: WebAppOperatorOptions = {}): ControllerDefinition<any>[] =>
    bug ? buggyControllers(bug) : [webAppController()],
  sample: WebApp.object({
    metadata: { name: "hello", namespace: "default" },
    spec: { message: "Hello from Homeostat" },
  }),
};
