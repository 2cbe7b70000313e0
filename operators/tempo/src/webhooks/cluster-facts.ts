import {
  ApiError,
  ConfigMap,
  type KubeObject,
  type ObjectMeta,
  type Resource,
  Secret,
  ServiceAccount,
} from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { isGatewayOn } from "../api/monolithic/gateway-on.ts";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { defaultMonolithic } from "../defaults/default-monolithic.ts";
import { defaultStack } from "../defaults/default-stack.ts";
import type { Lookup } from "../lookup.ts";
import { componentName } from "../names.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { StorageParams } from "../storage/params.ts";
import {
  caConfigMapName,
  monolithicStorageRequest,
  resolveStorage,
  type StorageRequest,
  type StorageResult,
  stackStorageRequest,
} from "../storage/resolve.ts";
import type { ClusterFacts, TokenReviewAnswer } from "../validation/facts.ts";

/** Whom and how to ask. */
export interface Inquiry {
  /** Not fenced: every replica answers webhooks, whether it leads or not. */
  readonly client: Client;
  readonly settings: OperatorSettings;
  /** Whether the user who wrote the object may create TokenReviews; asked only where the object needs it. Default: not asked. */
  readonly mayReviewTokens?: () => Promise<TokenReviewAnswer>;
  /** `live`: what was made a moment ago counts. `cache`: what woke a reconcile is in it. Default `live`. */
  readonly reads?: "live" | "cache";
  readonly signal: AbortSignal;
}

/** What `validateStack` must know of the cluster about this stack. */
export async function stackFacts(stack: TempoStack, inquiry: Inquiry): Promise<ClusterFacts> {
  const { metadata = {}, spec } = defaultStack(stack, inquiry.settings);
  const { name = "", namespace = "" } = metadata;
  const ask = asking(namespace, inquiry);
  const account = spec.serviceAccount === componentName(name) ? undefined : spec.serviceAccount;
  const isOpenshift = spec.template.gateway.enabled && spec.tenants?.mode === "openshift";
  return gathered({
    storage: ask.storage(stackStorageRequest(spec)),
    serviceAccount: account === undefined ? undefined : ask.object(ServiceAccount, account),
    tokenReview: isOpenshift ? inquiry.mayReviewTokens?.() : undefined,
    isNameTaken: ask.isTaken(TempoMonolithic, metadata),
  });
}

/** What `validateMonolithic` must know, likewise. */
export async function monolithicFacts(monolithic: TempoMonolithic, inquiry: Inquiry): Promise<ClusterFacts> {
  const { metadata = {}, spec } = defaultMonolithic(monolithic, inquiry.settings);
  const { namespace = "" } = metadata;
  const ask = asking(namespace, inquiry);
  const wanted = monolithicStorageRequest(spec);
  const isOpenshift = isGatewayOn(spec) && spec.multitenancy?.mode === "openshift";
  return gathered({
    storage: "request" in wanted ? ask.storage(wanted.request) : Promise.resolve(wanted),
    serviceAccount: spec.serviceAccount ? ask.object(ServiceAccount, spec.serviceAccount) : undefined,
    tokenReview: isOpenshift ? inquiry.mayReviewTokens?.() : undefined,
    isNameTaken: ask.isTaken(TempoStack, metadata),
  });
}

type Pending = { readonly [F in keyof Required<ClusterFacts>]: Promise<ClusterFacts[F]> | undefined };

/** All at once; a fact that is not asked for is left out. */
async function gathered(pending: Pending): Promise<ClusterFacts> {
  const asked = Object.entries(pending).filter(([, answer]) => answer !== undefined);
  return Object.fromEntries(await Promise.all(asked.map(async ([fact, answer]) => [fact, await answer])));
}

function asking(namespace: string, { client, settings, signal, reads = "live" }: Inquiry) {
  const from = { ...(reads === "live" ? { from: "live" as const } : {}), signal };
  const object = async <T extends KubeObject>(resource: Resource<T>, name: string): Promise<Lookup<T>> => {
    try {
      return { found: await client.get(resource, { namespace, name }, from) };
    } catch (error) {
      if (error instanceof ApiError) return { error: error.status.message ?? error.message };
      throw error;
    }
  };
  return {
    object,
    /** Who is just being written has to yield. Of two that are there the older one keeps the name. */
    async isTaken(resource: Resource, { name = "", uid, creationTimestamp: since }: ObjectMeta): Promise<boolean> {
      const other = await client.find(resource, { namespace, name }, from);
      if (other === undefined || reads === "live" || !uid || !since) return other !== undefined;
      const { creationTimestamp: otherSince, uid: otherUid } = other.metadata;
      return otherSince === since ? otherUid < uid : String(otherSince) < since;
    },
    async storage(request: StorageRequest): Promise<StorageResult<StorageParams>> {
      const caName = caConfigMapName(request);
      const [secret, caConfigMap] = await Promise.all([
        object(Secret, request.secretName),
        caName === undefined ? undefined : object(ConfigMap, caName),
      ]);
      return resolveStorage(request, { secret, ...(caConfigMap ? { caConfigMap } : {}) }, settings);
    },
  };
}
