// The kinds.
export { TempoMonolithic, type TempoMonolithicSpec } from "./api/tempo-monolithic.ts";
export { TempoStack, type TempoStackSpec } from "./api/tempo-stack.ts";
export { monolithicTempoYaml } from "./config/monolithic-tempo-yaml.ts";
export { overridesYaml } from "./config/stack-overrides.ts";
export { tempoQueryFrontendYaml, tempoYaml } from "./config/stack-tempo-yaml.ts";
export { monolithicTempoQueryYaml, stackTempoQueryYaml } from "./config/tempo-query-yaml.ts";
export { type DefaultedMonolithic, defaultMonolithic } from "./defaults/default-monolithic.ts";
export { type DefaultedStack, defaultStack } from "./defaults/default-stack.ts";
export { registerOperatorMetrics, upgradeCounter } from "./metrics/operator-metrics.ts";
export { type TempoOperator, type TempoOperatorOptions, tempoOperator } from "./operator.ts";
// From a resource to its configuration, step by step.
export { communitySettings, type OperatorSettings, openshiftSettings } from "./settings/operator-settings.ts";
export {
  caConfigMapName,
  monolithicStorageRequest,
  resolveStorage,
  type StorageResult,
  stackStorageRequest,
} from "./storage/resolve.ts";
export type { ClusterFacts } from "./validation/facts.ts";
export { validateMonolithic } from "./validation/validate-monolithic.ts";
export { validateStack } from "./validation/validate-stack.ts";
export type { Verdict } from "./validation/verdict.ts";
// What runs beside the controllers.
export { type WebhookConfigurationOptions, webhookConfigurations, webhookObjects } from "./webhooks/configurations.ts";
export { addTempoWebhooks, type TempoWebhooksOptions } from "./webhooks/tempo-webhooks.ts";
