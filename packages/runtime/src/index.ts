// What operators need, in the order in which they meet it.

export type {
  Cache,
  CacheRead,
  CacheSelection,
  CacheWatch,
  CacheWatchOptions,
  UnwatchedReads,
} from "./cache/cache.ts";
export { CacheError, type CacheErrorCode } from "./cache/errors.ts";
export { fieldIndex, type Index, type IndexFunction, type IndexTerm, index } from "./cache/indexes.ts";
export type { NamespaceOptions, NamespaceSelection } from "./cache/namespaces.ts";
export type { CachedMetadata, CachedObject, Store, StoreEvent, StoreHandler, StoreListOptions } from "./cache/store.ts";
export { type KindDefaults, type KindOptions, kindOptions } from "./cache/wishes.ts";
export type {
  ApplyOptions,
  Client,
  DeleteOptions,
  FieldSelection,
  JsonPatchOperation,
  LabelSelection,
  ListOptions,
  MergePatchOptions,
  ReadOptions,
  RequestOptions,
  Scale,
  ScaleClient,
  StoredList,
  SubresourceClient,
  WatchOptions as ClientWatchOptions,
  WriteOptions,
} from "./client/client.ts";
export {
  type CreatedOrUpdated,
  createOrPatch,
  createOrUpdate,
  type Mutate,
  type OperationResult,
} from "./client/create-or-update.ts";
export { dryRunClient } from "./client/dry-run-client.ts";
export { type ClientOverrides, interceptClient } from "./client/intercept-client.ts";
export { type MetadataResource, metadataOf, type PartialObjectMetadata } from "./client/metadata-of.ts";
export { namespacedClient } from "./client/namespaced-client.ts";
export { listAll } from "./client/paging.ts";
export { type Draft, patch } from "./client/patch.ts";
export { type RetryOnConflictOptions, retryOnConflict } from "./client/retry-on-conflict.ts";
export { withFieldManager } from "./client/with-field-manager.ts";
export { withFieldValidation } from "./client/with-field-validation.ts";
export {
  type ControllerBuilder,
  type ControllerForOptions,
  controllerFor,
  type WatchOptions,
} from "./controller/builder.ts";
export type {
  ControllerDefinition,
  ControllerOptions,
  DeclaredAccess,
  EventHandler,
  LoopGuardOptions,
  MapFunction,
  Predicate,
  WatchDefinition,
} from "./controller/definition.ts";
export { Finalizers } from "./controller/finalizers.ts";
export {
  and,
  annotationsChanged,
  conditionChanged,
  deletionStarted,
  enteredOrLeftSelector,
  fieldChanged,
  finalizersChanged,
  generationChanged,
  labelSelector,
  labelsChanged,
  not,
  or,
  predicateFuncs,
  resourceVersionChanged,
  specOrMetadataChanged,
  where,
} from "./controller/predicate.ts";
export {
  type ReconcileContext,
  type Reconciler,
  type Request,
  type RequestContext,
  type Result,
  RetryError,
  TerminalError,
} from "./controller/reconciler.ts";
export {
  type RequestControllerBuilder,
  type RequestControllerOptions,
  requestController,
} from "./controller/request-controller.ts";
export type { Source, SourceAddOptions, SourceContext, SourceSink } from "./controller/source.ts";
export type { Daemon, DaemonContext, DaemonOptions } from "./daemon/daemon.ts";
export { controllersOf, type Operator } from "./deploy/operator.ts";
export {
  type Manifest,
  manifestsYaml,
  type OperatorManifestsOptions,
  operatorManifests,
} from "./deploy/operator-manifests.ts";
export {
  type AdoptionRule,
  type Child,
  type ChildOptions,
  child,
  type ImmutableRule,
  isChild,
} from "./desired/child.ts";
export {
  type DesiredDefinition,
  type FailureReport,
  type Observed,
  type ObservedChild,
  type ReferenceDefinition,
  reference,
  type WaitingChild,
} from "./desired/definition.ts";
export { type Plan, type PlanOptions, type PlanStep, plan, plannedChanges } from "./desired/plan.ts";
export { type PlanTextOptions, planText } from "./desired/plan-text.ts";
export { diff, type FieldChange, jsonPointer, parsePath, pathText } from "./diff/diff.ts";
export type { ChangeHandler, OnChangeOptions, ValueAt, ValueChange } from "./diff/on-change.ts";
export {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
  type KindName,
  type UntypedObject,
} from "./discovery/discovery.ts";
export { DiscoveryFailedError, NoKindMatchError } from "./discovery/errors.ts";
export type { EventDetails, ObjectRecorder, RecordedEvent, Recorder } from "./events/recorder.ts";
export {
  type LeaderElectionOptions,
  type Leadership,
  LeadershipLostError,
  NotLeaderError,
} from "./leader-election/leadership.ts";
export type { Cause, LedgerEntry, LedgerWrite } from "./ledger/cause.ts";
export { createLogger, type JsonLoggerOptions, type LoggerOptions } from "./log/json-logger.ts";
export type { LogLevel } from "./log/text-logger.ts";
export { type Logger, silentLogger } from "./log.ts";
export { createManager } from "./manager/create-manager.ts";
export type { HttpAnswer, HttpHandler, HttpRequest } from "./manager/http-server.ts";
export type {
  HealthCheck,
  Ledger,
  ManagedShard,
  Manager,
  ManagerCacheOptions,
  ManagerOptions,
  Runnable,
  RunnableGroup,
  ShardParts,
} from "./manager/manager.ts";
export { type RunUntilSignalOptions, runUntilSignal, type SignalProcess } from "./manager/run-until-signal.ts";
export { ShutdownTimeoutError } from "./manager/shutdown-timeout.ts";
export type { MetricsServerOptions } from "./metrics/metrics-endpoint.ts";
export type { Cluster, Clusters } from "./multicluster/cluster.ts";
export { type ClusterOptions, createCluster, type NamedCluster } from "./multicluster/create-cluster.ts";
export { type KubeconfigSecretsOptions, kubeconfigSecrets } from "./multicluster/kubeconfig-secrets.ts";
export type { FlagValues, OwnFlag } from "./program/flags.ts";
export { type OperatorProcess, type RunOperatorOptions, runOperator } from "./program/run-operator.ts";
export type { Access } from "./rbac/access.ts";
export { type DerivedRules, type DeriveOptions, deriveRules } from "./rbac/derive.ts";
export { type AccessRecorder, recordAccess } from "./rbac/record-access.ts";
export { compareRules, type RuleComparison } from "./rbac/rules.ts";
export { checkAccess, type MissingPermission, type SelfCheckOptions } from "./rbac/self-check.ts";
export type { Shard } from "./sharding/shard.ts";
export { createSharder, type Sharder, type SharderOptions } from "./sharding/sharder.ts";
export {
  type ChannelSource,
  type ChannelSourceOptions,
  channelSource,
  type MappedChannelSourceOptions,
} from "./source/channel-source.ts";
export { type IterableSourceOptions, iterableSource } from "./source/iterable-source.ts";
export { type PollingSource, type PollingSourceOptions, pollingSource } from "./source/polling-source.ts";
export { type TimerSourceOptions, timerSource } from "./source/timer-source.ts";
export {
  type IncomingCall,
  type WebhookAnswer,
  type WebhookCall,
  type WebhookSecret,
  type WebhookSource,
  type WebhookSourceOptions,
  webhookSource,
} from "./source/webhook-source.ts";
export { TRACEPARENT_ANNOTATION, type TracingOptions } from "./tracing/tracing-options.ts";
export { Priority } from "./workqueue/priority.ts";
export {
  type ExponentialBackoffOptions,
  exponentialBackoff,
  maxOf,
  type NewRateLimiter,
  type RateLimiter,
  type RateLimiterParts,
  type TokenBucketOptions,
  tokenBucket,
} from "./workqueue/rate-limiter.ts";

// What library authors may need: the parts that the above is made of.

export { type CachedListOptions, canListFrom, listFrom } from "./cache/field-reads.ts";
export { type CacheOptions, createCache, type InformerCache, type WatchReport } from "./cache/informer-cache.ts";
export type { FieldPath, Projection } from "./cache/projection.ts";
export type { ReflectorCounters, ReflectorState } from "./cache/reflector.ts";
export { compareResourceVersions } from "./cache/resource-version.ts";
export { type ClientOptions, createClient } from "./client/api-client.ts";
export { type ConnectOptions, connect, type ServerConnection, thisHost } from "./client/connect.ts";
export { createHttpTransport, type HttpTransport, type HttpTransportOptions } from "./client/http-transport.ts";
export { KubeconfigError, loadKubeconfig, resolveContext } from "./client/kubeconfig.ts";
export { mergePatch, type PatchTarget } from "./client/patch.ts";
export { type RequestRetry, retry } from "./client/retry.ts";
export type { WriteObserver, WriteRecord } from "./client/write-observer.ts";
export { checkDefinition } from "./controller/check-definition.ts";
export { Controller, type ControllerDependencies, type ControllerWatch } from "./controller/controller.ts";
export {
  enqueueRequestForObject,
  enqueueRequestForOwner,
  enqueueRequestsFromMapFunction,
  type OwnerOptions,
  objectKey,
  ownerKindOf,
  requestKey,
} from "./controller/event-handler.ts";
export { addFinalizer, hasFinalizer, removeFinalizer } from "./controller/finalizer.ts";
export type { ReconcileEnd, ReconcileInfo, ReconcileInstrument } from "./controller/instrument.ts";
export { pausedBy } from "./controller/pause.ts";
export { KeyMovedError } from "./controller/reconcile-client.ts";
export { isTerminal } from "./controller/reconciler.ts";
export { APPLIED_FOR, APPLIED_HASH, DEPENDS_ON, OWNER_UID, PRUNE } from "./desired/annotations.ts";
export { configurationHash, contains } from "./desired/converged.ts";
export { type DesiredController, type DesiredOptions, desiredReconciler } from "./desired/desired.ts";
export { AdoptionError, FieldConflictError, ImmutableFieldError } from "./desired/errors.ts";
export { isImmutableChange } from "./desired/immutable.ts";
export { kindRank } from "./desired/kind-order.ts";
export type { Planner } from "./desired/planner.ts";
export { type Readiness, readinessOf } from "./desired/readiness.ts";
export { EventRecorder, type EventRecorderOptions } from "./events/event-recorder.ts";
export { type WriteFenceOptions, writeFence } from "./leader-election/fence.ts";
export {
  createLeaderElector,
  type LeaderElector,
  type LeaderElectorOptions,
} from "./leader-election/leader-elector.ts";
export { changedPaths, equalJson, valueAt } from "./ledger/changed-paths.ts";
export { LEDGER_ENTRIES, ReconcileLedger } from "./ledger/ledger.ts";
export { logFields, logValue } from "./log/log-values.ts";
export { type Finding, findingMessage } from "./loop-guard/finding.ts";
export { LoopGuard } from "./loop-guard/loop-guard.ts";
export { ControllerManager, type ManagerParts } from "./manager/controller-manager.ts";
export { HealthChecks } from "./manager/health.ts";
export { type HttpServer, type ListenOptions, listen } from "./manager/http-server.ts";
export { AccessFilter, type AccessFilterOptions } from "./metrics/access-filter.ts";
export { ControllerMetrics } from "./metrics/controller-metrics.ts";
export { ownWritesMetrics } from "./metrics/own-writes-metrics.ts";
export { ProcessMetrics } from "./metrics/process-metrics.ts";
export { RequestMetrics, type RequestMetricsOptions } from "./metrics/request-metrics.ts";
export { connectKubeconfig } from "./multicluster/create-cluster.ts";
export type { DebugHandlerOptions, QueueReport } from "./profiling/debug-handler.ts";
export { accessOf } from "./rbac/access.ts";
export { accessesOf, allows, rulesFor } from "./rbac/rules.ts";
export {
  type AddOptions,
  type Taken,
  Workqueue,
  type WorkqueueObserver,
  type WorkqueueOptions,
} from "./workqueue/workqueue.ts";
