import { randomInt } from "node:crypto";
import type { ControllerDefinition, ControllerOptions } from "@homeostat/runtime";
import { communitySettings, type OperatorSettings } from "../settings/operator-settings.ts";
import { monolithicController } from "./monolithic-controller.ts";
import { stackController } from "./stack-controller.ts";
import type { Upgrades } from "./upgrade-instance.ts";
import { zoneController } from "./zone-controller.ts";

/** How the controllers work; by default as the Go operator's do on a plain cluster. */
export interface TempoControllersOptions {
  /** Default: {@link communitySettings}. */
  readonly settings?: OperatorSettings;
  /** Concurrency, timeout … of the controllers of the two kinds. Default: the runtime's. */
  readonly controller?: Pick<ControllerOptions, "concurrency" | "timeoutMs" | "loopGuard">;
  /** Who is told of upgrades. Default: nobody. */
  readonly upgrades?: Upgrades;
  /** A whole number from 0 up to, and without, its argument; cookie secrets are made of it. Default `randomInt` of `node:crypto`. */
  readonly randomBelow?: (limit: number) => number;
}

const nobody: Upgrades = { upgraded: () => undefined, failed: () => undefined };

/** All controllers of the operator. Make them anew for each manager: they remember pods and failures. */
// biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
export function tempoControllers(given: TempoControllersOptions = {}): ControllerDefinition<any>[] {
  const { settings = communitySettings, controller: options = {}, upgrades = nobody, randomBelow = randomInt } = given;
  const parts = { settings, randomBelow, options, upgrades };
  return [stackController(parts), monolithicController(parts), zoneController()];
}
