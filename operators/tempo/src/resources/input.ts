import type { KubeObject } from "@homeostat/api";
import type { Child } from "@homeostat/runtime";
import type { DefaultedMonolithicSpec } from "../defaults/default-monolithic.ts";
import type { DefaultedStackSpec } from "../defaults/default-stack.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ObjectStorageParams, StorageParams } from "../storage/params.ts";

/** What a function of this folder returns, in the order of making. Namespace and owner are added by who applies it. */
export type Objects = readonly (KubeObject | Child)[];

/**
 * All that the objects of an instance are made of, besides its spec. Looked up and checked before, so that rendering is
 * pure: the same input gives the same objects, with a cluster or without.
 */
export interface InstanceInput {
  readonly name: string;
  readonly namespace: string;
  readonly settings: OperatorSettings;
  /** What the gateway is to know of each tenant that authenticates, by tenant name. Empty without a gateway. */
  readonly tenants: ReadonlyMap<string, TenantSecrets>;
  /** Domain of the cluster's Routes; only with a gateway in mode openshift. */
  readonly baseDomain?: string;
  /** Certificates the operator issues. Undefined: the Secrets are the user's (gate builtInCertManagement). */
  readonly certificates?: Certificates;
  /**
   * Digest of the contents of what pods read and the operator does not make: the storage Secret, CA ConfigMaps, receiver
   * and mTLS certificates of the user. Undefined: not looked at (`generate`), and no annotation.
   */
  readonly referencesHash?: string;
  /** Digest of the storage Secret alone, for mode token-cco. */
  readonly storageSecretHash?: string;
  /** Where the API server listens, for NetworkPolicies. */
  readonly apiServer: ApiServerEndpoints;
}

export interface StackInput extends InstanceInput {
  readonly spec: DefaultedStackSpec;
  readonly storage: ObjectStorageParams;
  /** Replicas of workloads that a HorizontalPodAutoscaler scales, by name of the workload: they win over the spec. */
  readonly scaled: ReadonlyMap<string, number>;
}

export interface MonolithicInput extends InstanceInput {
  readonly spec: DefaultedMonolithicSpec;
  readonly storage: StorageParams;
}

/** Of one tenant. */
export interface TenantSecrets {
  /** Of the tenant's OIDC Secret; mode static. */
  readonly oidc?: { readonly clientID: string; readonly clientSecret?: string; readonly issuerCAPath?: string };
  /** 32 letters and digits that stay the same for the tenant's life; mode openshift. */
  readonly cookieSecret?: string;
}

/** An empty list of addresses means that they are not known: any destination. */
export interface ApiServerEndpoints {
  readonly ports: readonly number[];
  readonly addresses: readonly string[];
}

/** What is known of an API server that was not looked up. */
export const unknownApiServer: ApiServerEndpoints = { ports: [6443], addresses: [] };

/** Certificates of one instance, as they are to be. */
export interface Certificates {
  /** The CA Secret, the CA ConfigMap and one Secret for each component, to be applied with the rest. */
  readonly objects: Objects;
  /** Changes when any of them does; an annotation of every pod. */
  readonly hash: string;
}
