import { type Clock, type JsonObject, systemClock } from "@homeostat/api";
import { createAdmission } from "../admission/admission.ts";
import { definitionTerminating } from "../admission/definition-terminating.ts";
import { createDynamicAdmission } from "../admission/dynamic-admission.ts";
import { namespaceLifecycle } from "../admission/namespace-lifecycle.ts";
import { ownerReferencesPermission } from "../admission/owner-references.ts";
import { keepPolicyStatus } from "../admission/policy-status.ts";
import { rbacEscalation } from "../admission/rbac-escalation.ts";
import { createWebhookMetrics, type WebhookMetrics } from "../admission/webhook-metrics.ts";
import { type Authorizer, alwaysAllow } from "../auth/authorizer.ts";
import { createRbac, type Rbac } from "../auth/rbac.ts";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { builtinAdmissionPlugins } from "../builtins/admission/plugins.ts";
import { createServiceAllocator } from "../builtins/allocators.ts";
import { silentLog } from "../log.ts";
import type { ApiServerOptions } from "../options.ts";
import { builtinResources } from "../registry/builtin-resources.ts";
import { createCatalog } from "../registry/catalog.ts";
import { cleanupFinalizer } from "../registry/custom-resource-controller.ts";
import type { Engine } from "../registry/engine.ts";
import { createIdentities } from "../registry/identities.ts";
import { createLookup } from "../registry/lookup.ts";
import { metaOf, mutableMeta } from "../registry/object.ts";
import { createObjectStore } from "../registry/object-store.ts";
import { rbacSource } from "../registry/rbac-source.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { createMemoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";
import { createServiceResolver, type ResolveService } from "../webhooks/service-resolver.ts";
import { createWebhookClient, type WebhookClient } from "../webhooks/webhook-client.ts";

/** What requests are served with. */
export interface Assembly {
  readonly engine: Engine;
  readonly lookup: Lookup;
  readonly rbac: Rbac;
  readonly authorize: Authorizer;
  /** For webhooks and aggregated servers. */
  readonly resolveService: ResolveService;
  /** For conversion webhooks. */
  readonly webhookClient: WebhookClient;
  readonly webhookMetrics: WebhookMetrics;
  stop(): void;
}

/** Puts storage, catalog, access control and admission together. Takes up what the storage holds already. */
export async function assembleEngine(
  options: ApiServerOptions,
  randomBytes: (count: number) => Uint8Array,
): Promise<Assembly> {
  const clock = options.clock ?? systemClock;
  const storage = options.storage ?? createMemoryStorage({ clock, historyMs: options.historyMs ?? 300_000 });
  const serviceAllocator = createServiceAllocator(
    options.serviceRange === undefined ? {} : { serviceRange: options.serviceRange },
  );
  const catalog = createCatalog(builtinResources({ serviceAllocator }));
  const store = createObjectStore(storage, catalog);
  const rbac = createRbac(rbacSource(store, catalog));
  const authorize = options.authorization === "AlwaysAllow" ? alwaysAllow : rbac.authorize;
  const lookup = createLookup(store, catalog);
  const identities = createIdentities(randomBytes);
  for (const service of await lookup.list("", "services")) serviceAllocator.adopt(service);

  const { serviceAccounts = false, storageProtection = false } = options.admission ?? {};
  const resolveService = createServiceResolver(lookup, options.resolveService);
  const webhookClient = createWebhookClient({ clock, resolveService });
  const webhookMetrics = createWebhookMetrics(clock);
  const dynamic = createDynamicAdmission({
    storage,
    catalog,
    lookup,
    authorize,
    client: webhookClient,
    newUid: () => identities.uid(),
    log: options.log ?? silentLog,
    metrics: webhookMetrics,
  });
  const admission = createAdmission([
    namespaceLifecycle((name) => lookup.get("", "namespaces", name)),
    ...builtinAdmissionPlugins({
      lookup,
      suffix: () => identities.suffix(5),
      serviceAccounts,
      waitForAccount: () => changeBelow(storage, "/core/serviceaccounts/", clock, 100),
      storageProtection,
      written: ({ served, namespace, name }) => {
        const key = store.key(served, namespace, name);
        return changeBelow(storage, key, clock, 5_000, (changed) => changed === key);
      },
      dynamic: dynamic.plugins,
    }),
    definitionTerminating((name) => lookup.get("apiextensions.k8s.io", "customresourcedefinitions", name)),
    rbacEscalation(authorize, rbac),
    ...(options.admission?.ownerReferencesPermission ? [ownerReferencesPermission(authorize, catalog)] : []),
  ]);
  const engine = { catalog, store, clock, identities, admission, beforeDelete: keepDefinitionUntilEmpty };
  const unwatch = storage.watch("/rbac.authorization.k8s.io/", storage.revision(), () => rbac.invalidate());
  const stopPolicyStatus = await keepPolicyStatus(engine, options.log ?? silentLog);
  const stop = (): void => {
    unwatch();
    stopPolicyStatus();
    dynamic.stop();
    webhookClient.stop();
  };
  return { engine, lookup, rbac, authorize, resolveService, webhookClient, webhookMetrics, stop };
}

/** Resolves with the next change below a prefix, of those keys that are meant, or when the time is up. */
function changeBelow(
  storage: Storage,
  prefix: string,
  clock: Clock,
  limitMs: number,
  isMeant: (key: string) => boolean = () => true,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      unsubscribe();
      cancel();
      resolve();
    };
    const unsubscribe = storage.watch(prefix, storage.revision(), ({ entry }) => isMeant(entry.key) && done());
    const cancel = clock.setTimer(done, limitMs, { keepAlive: false });
  });
}

/** A definition stays until its objects are gone. */
function keepDefinitionUntilEmpty(served: ServedResource, object: JsonObject): void {
  if (served.resource.group !== "apiextensions.k8s.io" || metaOf(object).deletionTimestamp) return;
  const meta = mutableMeta(object);
  meta["finalizers"] = [...new Set([...(metaOf(object).finalizers ?? []), cleanupFinalizer])];
}
