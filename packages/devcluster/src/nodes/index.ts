import type { ControllerDefinition } from "@homeostat/runtime";
import { type KubeletOptions, kubelet } from "./kubelet/kubelet.ts";
import { scheduler } from "./scheduler/scheduler.ts";

export { createNodes, type NodeOptions } from "./create-nodes.ts";
export { type KubeletOptions, kubelet } from "./kubelet/kubelet.ts";
export { behaviorAnnotation } from "./kubelet/program.ts";
export { scheduler } from "./scheduler/scheduler.ts";

export interface NodeControllerOptions extends KubeletOptions {}

/** What puts pods on nodes and pretends to run them: scheduler and kubelet. The nodes themselves: `createNodes`. */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export function nodeControllers(options: NodeControllerOptions = {}): ControllerDefinition<any>[] {
  return [scheduler(), kubelet(options)];
}
