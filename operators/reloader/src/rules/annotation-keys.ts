import type { SourceKind } from "../content/hash.ts";

/** The annotations that are read and written. Those with a flag of Stakater Reloader's can be renamed by it. */
export interface AnnotationKeys {
  /** Reload for everything referred to. Flag `--auto-annotation`. */
  readonly auto: string;
  /** Reload for everything of one kind referred to. Flags `--configmap-auto-annotation`, `--secret-auto-annotation`. */
  readonly autoOf: Readonly<Record<SourceKind, string>>;
  /** Reload for what is named. Flags `--configmap-annotation`, `--secret-annotation`. */
  readonly named: Readonly<Record<SourceKind, string>>;
  /** Never reload for what is named. */
  readonly exclude: Readonly<Record<SourceKind, string>>;
  /** Reload for what is referred to and carries `match`. Flag `--auto-search-annotation`. */
  readonly search: string;
  /** On the resource; flag `--search-match-annotation`. */
  readonly match: string;
  /** On the resource: reload nothing for it. Flag `--ignore-annotation`. */
  readonly ignore: string;
  /** `restart` replaces pods and leaves the template alone. */
  readonly rolloutStrategy: string;
  /** How long a reloaded Deployment is held back. Flag `--pause-deployment-annotation`. */
  readonly pausePeriod: string;
  /** Since when it is. Flag `--pause-deployment-time-annotation`. */
  readonly pausedAt: string;
}

const prefix = "reloader.stakater.com";

export const defaultAnnotationKeys: AnnotationKeys = {
  auto: `${prefix}/auto`,
  autoOf: {
    ConfigMap: `configmap.${prefix}/auto`,
    Secret: `secret.${prefix}/auto`,
    SecretProviderClass: `secretproviderclass.${prefix}/auto`,
  },
  named: {
    ConfigMap: `configmap.${prefix}/reload`,
    Secret: `secret.${prefix}/reload`,
    SecretProviderClass: `secretproviderclass.${prefix}/reload`,
  },
  exclude: {
    ConfigMap: `configmaps.exclude.${prefix}/reload`,
    Secret: `secrets.exclude.${prefix}/reload`,
    SecretProviderClass: `secretproviderclasses.exclude.${prefix}/reload`,
  },
  search: `${prefix}/search`,
  match: `${prefix}/match`,
  ignore: `${prefix}/ignore`,
  rolloutStrategy: `${prefix}/rollout-strategy`,
  pausePeriod: `deployment.${prefix}/pause-period`,
  pausedAt: `deployment.${prefix}/paused-at`,
};

/** On pod templates: what was reloaded for, as JSON. */
export const lastReloadedFrom = `${prefix}/last-reloaded-from`;
/** On Secrets and ConfigMaps: SHA-256 of the content that was seen last. */
export const lastHash = `${prefix}/last-hash`;
/** On a ReloaderConfig, `"true"`: it does nothing. */
export const ignoreConfig = `${prefix}/ignore`;
/** On workloads: what is remembered of the contents they run with. */
export const reloadState = `${prefix}/reload-state`;
/** On a Namespace: from which namespace (or `*`) ReloaderConfigs may name workloads here. */
export const targetsFrom = `${prefix}/allow-targets-from`;
