// What operators need, in the order in which they meet it.

export type { Cache, CacheWatch, CacheWatchOptions } from "./cache/cache.ts";
export type { CachedMetadata, CachedObject, Store, StoreEvent, StoreHandler, StoreListOptions } from "./cache/store.ts";
export type {
  ApplyOptions,
  Client,
  DeleteOptions,
  JsonPatchOperation,
  ListOptions,
  ReadOptions,
  Scale,
  ScaleClient,
  StoredList,
  SubresourceClient,
  WatchOptions as ClientWatchOptions,
  WriteOptions,
} from "./client/client.ts";
export {
  type ControllerBuilder,
  type ControllerForOptions,
  controllerFor,
  type WatchOptions,
} from "./controller/builder.ts";
export type {
  ControllerDefinition,
  ControllerOptions,
  EventHandler,
  LoopGuardOptions,
  MapFunction,
  Predicate,
  WatchDefinition,
} from "./controller/definition.ts";
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
  resourceVersionChanged,
  specOrMetadataChanged,
  where,
} from "./controller/predicate.ts";
export {
  type ReconcileContext,
  type Reconciler,
  type Request,
  type Result,
  TerminalError,
} from "./controller/reconciler.ts";
export type { Source, SourceAddOptions, SourceSink } from "./controller/source.ts";
export type { DesiredDefinition, Observed, ObservedChild } from "./desired/definition.ts";
export type { ObjectRecorder, RecordedEvent, Recorder } from "./events/recorder.ts";
export type { Cause, LedgerEntry, LedgerWrite } from "./ledger/cause.ts";
export { createLogger, type JsonLoggerOptions } from "./log/json-logger.ts";
export { type Logger, silentLogger } from "./log.ts";
export { createManager } from "./manager/create-manager.ts";
export type { HealthCheck, Ledger, Manager, ManagerOptions, Runnable } from "./manager/manager.ts";

// What library authors may need: the parts that the above is made of.

export { type CacheOptions, createCache, type InformerCache, type WatchReport } from "./cache/informer-cache.ts";
export { compareResourceVersions } from "./cache/resource-version.ts";
export { type ClientOptions, createClient } from "./client/api-client.ts";
export { type ConnectOptions, connect, type ServerConnection } from "./client/connect.ts";
export { createHttpTransport, type HttpTransport, type HttpTransportOptions } from "./client/http-transport.ts";
export { KubeconfigError, loadKubeconfig, resolveContext } from "./client/kubeconfig.ts";
export { listAll } from "./client/paging.ts";
export { retry } from "./client/retry.ts";
export type { WriteObserver, WriteRecord } from "./client/write-observer.ts";
export { Controller, type ControllerDependencies } from "./controller/controller.ts";
export {
  enqueueRequestForObject,
  enqueueRequestForOwner,
  enqueueRequestsFromMapFunction,
  type OwnerOptions,
  requestKey,
} from "./controller/event-handler.ts";
export { addFinalizer, hasFinalizer, removeFinalizer } from "./controller/finalizer.ts";
export { pausedBy } from "./controller/pause.ts";
export { isTerminal } from "./controller/reconciler.ts";
export { configurationHash, contains } from "./desired/converged.ts";
export { desiredReconciler, FieldConflictError } from "./desired/desired.ts";
export { kindRank } from "./desired/kind-order.ts";
export { type Readiness, readinessOf } from "./desired/readiness.ts";
export { EventRecorder, type EventRecorderOptions } from "./events/event-recorder.ts";
export { changedPaths, equalJson, valueAt } from "./ledger/changed-paths.ts";
export { LEDGER_ENTRIES, ReconcileLedger } from "./ledger/ledger.ts";
export { type Finding, findingMessage } from "./loop-guard/finding.ts";
export { LoopGuard } from "./loop-guard/loop-guard.ts";
export { ControllerManager, type ManagerParts } from "./manager/controller-manager.ts";
export { HealthChecks } from "./manager/health.ts";
export { type HttpServer, listen } from "./manager/http-server.ts";
export { ControllerMetrics } from "./metrics/controller-metrics.ts";
export { Priority } from "./workqueue/entry.ts";
export { type Retry, retryAfter } from "./workqueue/rate-limiter.ts";
export { type AddOptions, type Taken, Workqueue, type WorkqueueObserver } from "./workqueue/workqueue.ts";
