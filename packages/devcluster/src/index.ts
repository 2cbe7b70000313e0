// A cluster in this process.

export { metricsAnnotation } from "./controllers/autoscaler/metrics.ts";
// What library authors may need: the parts that the above is made of.
export { type ClusterControllerOptions, clusterControllers } from "./controllers/cluster-controllers.ts";
export { type DiscoveredResource, type Discovery, discover, discoverKind, preferred } from "./controllers/discovery.ts";
export type { IngressOptions } from "./controllers/ingress-addresses.ts";
export {
  createDevCluster,
  type DevCluster,
  type DevClusterOptions,
  type ListeningCluster,
  type RunOptions,
  type Speed,
} from "./create-dev-cluster.ts";
export { administrator, type PolicyRule, type RestrictedIdentity } from "./identity.ts";
// The test kit.
export {
  type EventPattern,
  eventually,
  expectApplied,
  expectCondition,
  expectEvent,
  expectExists,
  expectGone,
  expectReconciled,
} from "./kit/expect.ts";
export { ExpectationFailed, type ExpectOptions, type TestedCluster } from "./kit/expectation.ts";
export {
  ConnectionLost,
  type FaultPlan,
  type FaultRule,
  type Faults,
  type FaultType,
  faults,
  type InjectedFault,
} from "./kit/faults.ts";
export type { ContainerIo, ContainerProgram, RunningContainer } from "./nodes/containers/container-program.ts";
export { behaviorAnnotation } from "./nodes/kubelet/program.ts";
export { readStages } from "./nodes/kubelet/read-stages.ts";
export { builtinStages, type PodStage, stageLabel } from "./nodes/kubelet/stages.ts";
export { installResources, type OperatorDefinition } from "./operator.ts";
