import type { WorkloadName } from "./kinds.ts";
import type { ReloadStrategy } from "./reload/pod-template.ts";
import { type AnnotationKeys, defaultAnnotationKeys } from "./rules/annotation-keys.ts";

/** All optional; those with a flag of Stakater Reloader's have its default. */
export interface ReloaderOptions {
  /** Treat workloads without annotations as if they asked for everything they refer to. `--auto-reload-all`. Default false. */
  readonly autoReloadAll?: boolean;
  /** How pod templates are changed where nothing else is said. `--reload-strategy`. Default `env-vars`. */
  readonly reloadStrategy?: ReloadStrategy;
  /** `restart` replaces pods instead, where nothing else is said. Default `rollout`. */
  readonly rolloutStrategy?: RolloutStrategy;
  /** Reload when a resource appears. `--reload-on-create`. Default false. */
  readonly reloadOnCreate?: boolean;
  /** Reload when a resource goes. `--reload-on-delete`. Default false. */
  readonly reloadOnDelete?: boolean;
  /** Kinds of resources that are not watched. `--resources-to-ignore`. Default none. */
  readonly ignoredResources?: readonly ("ConfigMap" | "Secret")[];
  /** Kinds of workloads that are not looked at. `--ignored-workload-types`. Default none. */
  readonly ignoredWorkloads?: readonly WorkloadName[];
  /** Whether Argo Rollouts are reloaded; their CRD should be there. `--is-Argo-Rollouts`. Default false. */
  readonly argoRollouts?: boolean;
  /** Whether OpenShift's DeploymentConfigs are reloaded. Default false. */
  readonly deploymentConfigs?: boolean;
  /**
   * Whether rotations of CSI SecretProviderClasses reload; takes effect when the driver's CRDs are there.
   * `--enable-csi-integration`. Default false.
   */
  readonly csi?: boolean;
  /** Namespaces that are left alone. `--namespaces-to-ignore`. Default none. */
  readonly ignoredNamespaces?: readonly string[];
  /** Only namespaces with these labels. `--namespace-selector`, in the grammar of `kubectl -l`. Default all. */
  readonly namespaceSelector?: string;
  /** Only Secrets and ConfigMaps with these labels. `--resource-label-selector`. Default all. */
  readonly resourceLabelSelector?: string;
  /** Watch these namespaces only. `--namespaces`. Default: all, for which Namespaces are watched, too. */
  readonly namespaces?: readonly string[];
  /** Namespaces whose workloads ReloaderConfigs elsewhere may name without a grant of the namespace. Default none. */
  readonly targetNamespaces?: readonly string[];
  /**
   * Whether ReloaderConfigs may select other namespaces to watch in. Whoever writes one sees names and hashes of what it
   * watches, so where tenants must not know of each other's Secrets this is off. `--config-namespace-selectors`.
   * Default true.
   */
  readonly configNamespaceSelectors?: boolean;
  /** Write `last-hash` on watched Secrets and ConfigMaps. Default true; without it no permission to write them is needed. */
  readonly writeLastHash?: boolean;
  /** How long a change waits for others of the same workload at most, in milliseconds. `--debounce`. Default 500. */
  readonly debounceMs?: number;
  /**
   * How long nothing else of the workload may change before it is reloaded, in milliseconds; every change begins it
   * anew. `--debounce-quiet`. Default 20 where it depends on one resource, which lets it roll within 50; 200 where it
   * depends on several, as a deploy changes them one after another.
   */
  readonly quietMs?: number;
  /** How many workloads are reloaded in a second at most. Default 50. */
  readonly reloadsPerSecond?: number;
  /** Workloads of one kind that are worked on at once. Default 4. */
  readonly concurrency?: number;
  readonly keys?: Partial<AnnotationKeys>;
}

export type RolloutStrategy = "rollout" | "restart";

/** Everything decided. */
export type ResolvedOptions = Required<
  Omit<ReloaderOptions, "keys" | "namespaceSelector" | "resourceLabelSelector">
> & {
  readonly keys: AnnotationKeys;
  readonly namespaceSelector: string | undefined;
  readonly resourceLabelSelector: string | undefined;
  /** `quietMs` where a workload depends on several resources. */
  readonly severalQuietMs: number;
};

export function resolveOptions(options: ReloaderOptions = {}): ResolvedOptions {
  return {
    autoReloadAll: options.autoReloadAll ?? false,
    reloadStrategy: options.reloadStrategy ?? "env-vars",
    rolloutStrategy: options.rolloutStrategy ?? "rollout",
    reloadOnCreate: options.reloadOnCreate ?? false,
    reloadOnDelete: options.reloadOnDelete ?? false,
    ignoredResources: options.ignoredResources ?? [],
    ignoredWorkloads: options.ignoredWorkloads ?? [],
    argoRollouts: options.argoRollouts ?? false,
    deploymentConfigs: options.deploymentConfigs ?? false,
    csi: options.csi ?? false,
    ignoredNamespaces: options.ignoredNamespaces ?? [],
    namespaceSelector: options.namespaceSelector || undefined,
    resourceLabelSelector: options.resourceLabelSelector || undefined,
    namespaces: options.namespaces ?? [],
    targetNamespaces: options.targetNamespaces ?? [],
    configNamespaceSelectors: options.configNamespaceSelectors ?? true,
    writeLastHash: options.writeLastHash ?? true,
    debounceMs: options.debounceMs ?? 500,
    quietMs: options.quietMs ?? 20,
    severalQuietMs: options.quietMs ?? 200,
    reloadsPerSecond: options.reloadsPerSecond ?? 50,
    concurrency: options.concurrency ?? 4,
    keys: { ...defaultAnnotationKeys, ...options.keys },
  };
}
