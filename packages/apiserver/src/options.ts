import type { Clock, JsonObject } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { PodConnections } from "./endpoints/connect/pod-connections.ts";
import type { PodLogs } from "./endpoints/pod-log.ts";
import type { ServerLog } from "./log.ts";
import type { Storage } from "./storage/storage.ts";
import type { ServiceOverride } from "./webhooks/service-resolver.ts";

/** Options of {@link createApiServer}. All are optional. */
export interface ApiServerOptions {
  /** Default: the machine's time. */
  readonly clock?: Clock;
  /** Bytes for uids and name suffixes; default: the system's random source. Give a seeded one for replay. */
  readonly randomBytes?: (count: number) => Uint8Array;
  /** Default: none. */
  readonly log?: ServerLog;
  /** Default: in memory. The server closes it when it stops. */
  readonly storage?: Storage;
  /**
   * The authority that signs server and client certificates, so that kubeconfigs outlive the process.
   * Default: a new one for each server.
   */
  readonly authority?: CertificateAndKey;
  /**
   * The authority by whose certificates aggregated servers know this one. Default: a new one for each server, of which
   * the ConfigMap that they read tells.
   */
  readonly frontProxyAuthority?: CertificateAndKey;
  /** More authorities whose client certificates are good, as PEM. Default: only the one above. */
  readonly clientAuthorities?: string;
  /** Private key in PEM that signs service account tokens. Default: a new one for each server. */
  readonly serviceAccountKey?: string;
  /** Public keys in PEM, or certificates that hold them, whose tokens are accepted beside those of the key above. */
  readonly formerServiceAccountKeys?: readonly string[];
  /** Claim `iss` of service account tokens. Default `https://kubernetes.default.svc.cluster.local`. */
  readonly serviceAccountIssuer?: string;
  /** Range of the cluster IPs of Services; its first address is the API's own. Default `10.96.0.0/16`. */
  readonly serviceRange?: string;
  /** `RBAC` (default) or `AlwaysAllow`. Members of system:masters pass either. */
  readonly authorization?: "RBAC" | "AlwaysAllow";
  /** How many events a watch may lag behind before it is ended; the client resumes. Default 1000. */
  readonly watchBuffer?: number;
  /** How many bytes a watch's reader may leave untaken before the watch is ended. Default 16 MiB. */
  readonly watchBufferBytes?: number;
  /** How long history is kept for watches and continue tokens, in milliseconds. Default 300000. */
  readonly historyMs?: number;
  /** How long Events live after their last write, in milliseconds. Default 3600000. */
  readonly eventTtlMs?: number;
  /** Largest request body in bytes. Default 3 MiB. */
  readonly maxBodyBytes?: number;
  /** Steps of admission that only make sense beside the controllers they count on. */
  readonly admission?: AdmissionOptions;
  /**
   * Where a service of the cluster can be reached from this process, for webhooks that name one. Asked first; undefined
   * means that the Service's own objects decide: its external name (type ExternalName), else an address in its
   * EndpointSlices or Endpoints that can be real, which the made up addresses of pods are not.
   */
  readonly resolveService?: ServiceOverride;
  /**
   * Has the server keep the Lease `apiserver-…` in kube-system that tells of each server of a cluster, renewed every ten
   * seconds. Default: none, since a write every ten seconds is noise in a test. `hostname` names the machine: a server that
   * starts there again takes the lease over. Source: KEP-1965.
   */
  readonly identityLease?: { readonly hostname: string };
  /** Keeps a log of requests. Default: none is kept. */
  readonly audit?: AuditOptions;
  /** Where the logs of pods come from. Default: all are empty. */
  readonly podLogs?: PodLogs;
  /** What exec, attach and port-forward connect to. Default: nothing, and they are answered with 501. */
  readonly podConnections?: PodConnections;
}

/** Source: kube-apiserver, `--audit-policy-file` and `--audit-log-path`. */
export interface AuditOptions {
  /** A Policy of audit.k8s.io/v1, or its text in YAML or JSON. The server does not start with one that makes no sense. */
  readonly policy: string | JsonObject;
  /**
   * Called with each Event of audit.k8s.io/v1 as a line of JSON, with the line end, in the turn in which it happens. What
   * it throws is logged and does no harm to the request.
   */
  readonly sink: (line: string) => void;
}

/**
 * Upstream has the first two on. A server without controllers would then refuse every pod, for want of a `default`
 * ServiceAccount, and never let a volume go; so whoever runs the controllers turns these on.
 */
export interface AdmissionOptions {
  /**
   * Pods get the name and the token volume of a service account, and are refused when it is missing for a second.
   * Default false. Upstream: plugin ServiceAccount.
   */
  readonly serviceAccounts?: boolean;
  /** Claims and volumes get the finalizers that protect them while in use. Default false. Upstream: plugin StorageObjectInUseProtection. */
  readonly storageProtection?: boolean;
  /**
   * Who sets `blockOwnerDeletion` must have the right to update the owner's finalizers. Default false, as upstream; OpenShift
   * has it on, so that an operator that is to run there is tested with it. Upstream: plugin OwnerReferencesPermissionEnforcement.
   */
  readonly ownerReferencesPermission?: boolean;
}
