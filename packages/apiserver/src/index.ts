// For users: a server, its transports, its kubeconfig.
export { type ApiServer, createApiServer } from "./api-server.ts";
// For those who build on the server: storages, certificates, identities.
export type { AuditEvent } from "./audit/event.ts";
export { serviceAccountGroups, serviceAccountUsername } from "./auth/service-account.ts";
export { admin, anonymous, type UserInfo } from "./auth/user-info.ts";
export type { ServeOptions, Serving } from "./boot/serving.ts";
export { type Counted as QuotaCounted, countedBy, quotaUsage } from "./builtins/admission/quota-usage.ts";
export { kubernetesVersion } from "./discovery/version.ts";
export type {
  ContainerTarget,
  PodConnections,
  PortServer,
  Process,
  ProcessIo,
  TerminalSize,
} from "./endpoints/connect/pod-connections.ts";
export type { PodLogs } from "./endpoints/pod-log.ts";
export { type KubeconfigOptions, kubeconfig } from "./kubeconfig.ts";
export { type ServerLog, silentLog } from "./log.ts";
export type { AdmissionOptions, ApiServerOptions, AuditOptions } from "./options.ts";
export type { DurableStorageOptions } from "./storage/durable.ts";
export { createMemoryStorage } from "./storage/memory.ts";
export { openDurableStorage } from "./storage/open-durable.ts";
export type { Entry, ListOptions, ListResult, Storage, StorageEvent } from "./storage/storage.ts";
export type { HostAndPort, ServiceOverride, ServicePort } from "./webhooks/service-resolver.ts";
