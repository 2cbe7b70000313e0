/** How the operator's process runs: what {@link OperatorSettings} are for the objects, these are for the program. */
export interface ProgramSettings {
  /** Namespaces whose resources are looked after. `--watch-namespace`, WATCH_NAMESPACE. Default: all, as an empty list. */
  readonly watchNamespaces: readonly string[];
  /** Of every controller. What is left out, the runtime decides: one worker, five minutes. */
  readonly controllers: {
    /** Resources of one kind that are worked on at once. MAX_CONCURRENT_RECONCILES. */
    readonly concurrency?: number;
    /** How long one reconcile may take, in milliseconds. RECONCILE_TIMEOUT. */
    readonly timeoutMs?: number;
  };
  readonly leaderElection: {
    /** Default true. LEADER_ELECTION_ENABLED. */
    readonly enabled: boolean;
    /** Name of the Lease. Default `8b886b0f.grafana.com`, that of the Go operator: the two never work at once. */
    readonly id: string;
    /** Namespace of the Lease. Default: the pod's. */
    readonly namespace?: string;
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
  };
  readonly metrics: {
    /** `host:port`, `:port`, or `0` for nowhere. Default `:8443`, and `:8080` where it is not secure. METRICS_BIND_ADDRESS. */
    readonly bindAddress: string;
    /** Whether metrics are served over TLS, to those only who may read them. Default true. METRICS_SECURE. */
    readonly secure: boolean;
    /** Certificate to serve with, as files. Default: one is made. `--metrics-tls-cert-dir` and its companions. */
    readonly certificate?: { readonly directory: string; readonly certificate: string; readonly key: string };
  };
  /** Where /healthz and /readyz are. Default `:8081`. HEALTH_PROBE_BIND_ADDRESS. */
  readonly healthBindAddress: string;
  readonly webhooks: {
    /** Default true. ENABLE_WEBHOOKS. */
    readonly enabled: boolean;
    /** Default 9443. WEBHOOK_PORT. */
    readonly port: number;
  };
  /** Where profiles are served, `host:port`. Default nowhere. `--pprof-addr`. */
  readonly profilingAddress?: string;
  /** Default: KUBECONFIG, then the pod's service account. `--kubeconfig`. */
  readonly kubeconfig?: string;
  /** Default info. `--zap-log-level`. */
  readonly logLevel: "debug" | "info" | "error";
  /** Default json. `--zap-encoder`, `--zap-devel`. */
  readonly logFormat: "json" | "text";
}
