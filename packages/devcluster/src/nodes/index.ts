import type { ControllerDefinition } from "@homeostat/runtime";
import { type KubeletOptions, kubelet } from "./kubelet/kubelet.ts";
import { nodeHeartbeat } from "./node-heartbeat.ts";
import { type NodeLifecycleOptions, nodeTaintController } from "./node-taints.ts";
import { podEvictionController } from "./pod-eviction.ts";
import { scheduler } from "./scheduler/scheduler.ts";

export { createNodes, type NodeOptions } from "./create-nodes.ts";
export { type KubeletOptions, kubelet } from "./kubelet/kubelet.ts";
export { behaviorAnnotation } from "./kubelet/program.ts";
export { builtinStages, type PodStage, stageLabel } from "./kubelet/stages.ts";
export { nodeHeartbeat } from "./node-heartbeat.ts";
export { nodeTaintController } from "./node-taints.ts";
export { podEvictionController } from "./pod-eviction.ts";
export { scheduler } from "./scheduler/scheduler.ts";

export interface NodeControllerOptions extends KubeletOptions, NodeLifecycleOptions {
  /** Whether nodes show that they are alive: see {@link nodeHeartbeat}. Default false. */
  readonly heartbeats?: boolean;
}

/**
 * What puts pods on nodes, pretends to run them, and takes them from nodes that go bad: scheduler, kubelet, taints and
 * eviction. The nodes themselves: `createNodes`.
 */
// biome-ignore lint/suspicious/noExplicitAny: a definition's object type is its own business, and no variance fits
export function nodeControllers(options: NodeControllerOptions = {}): ControllerDefinition<any>[] {
  const always = [scheduler(), kubelet(options), nodeTaintController(options), podEvictionController()];
  return options.heartbeats ? [...always, nodeHeartbeat()] : always;
}
