// A cluster in this process.
export {
  createDevCluster,
  type DevCluster,
  type DevClusterOptions,
  type ListeningCluster,
  type RunOptions,
  type Speed,
} from "./create-dev-cluster.ts";
export { administrator, type PolicyRule, type RestrictedIdentity } from "./identity.ts";
export { installResources, type OperatorDefinition } from "./operator.ts";
