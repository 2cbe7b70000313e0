import { randomBytes as systemRandomBytes } from "node:crypto";
import { type JsonObject, systemClock, type Transport } from "@homeostat/api";
import { createAdmission } from "./admission/admission.ts";
import { definitionTerminating } from "./admission/definition-terminating.ts";
import { namespaceLifecycle } from "./admission/namespace-lifecycle.ts";
import { rbacEscalation } from "./admission/rbac-escalation.ts";
import { createAuthenticator } from "./auth/authenticate.ts";
import { alwaysAllow } from "./auth/authorizer.ts";
import { bootstrapPolicy } from "./auth/bootstrap-policy.ts";
import { createRbac } from "./auth/rbac.ts";
import { createReviews } from "./auth/reviews.ts";
import { createServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { admin, type UserInfo } from "./auth/user-info.ts";
import { bootNamespaceObjects, ensureObjects } from "./boot/boot-objects.ts";
import { createServiceAllocator } from "./builtins/allocators.ts";
import { ping } from "./discovery/health.ts";
import { createResourceEndpoint } from "./endpoints/resource-endpoint.ts";
import { subresourceHandlers } from "./endpoints/subresource-handlers.ts";
import { createSubresources } from "./endpoints/subresources.ts";
import {
  type CertificateAndKey,
  createCertificateAuthority,
  loadCertificateAuthority,
  serverHosts,
} from "./http/certificates.ts";
import { createHandler } from "./http/chain.ts";
import type { Handler } from "./http/handler.ts";
import { inProcessTransport } from "./http/in-process.ts";
import { type Listener, listen } from "./http/listener.ts";
import { createRequestMetrics } from "./http/request-metrics.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { silentLog } from "./log.ts";
import type { ApiServerOptions } from "./options.ts";
import { builtinResources } from "./registry/builtin-resources.ts";
import { createCatalog } from "./registry/catalog.ts";
import { cleanupFinalizer, createCustomResourceController } from "./registry/custom-resource-controller.ts";
import type { Engine } from "./registry/engine.ts";
import { expireEvents } from "./registry/event-expiry.ts";
import { createIdentities } from "./registry/identities.ts";
import { metaOf, mutableMeta } from "./registry/object.ts";
import { createObjectStore } from "./registry/object-store.ts";
import { rbacSource } from "./registry/rbac-source.ts";
import type { ServedResource } from "./registry/served-resource.ts";
import { createRoutes } from "./routes.ts";
import { builtinType } from "./schema/index-builtin.ts";
import { createMemoryStorage } from "./storage/memory.ts";

/** A Kubernetes API server in this process. */
export interface ApiServer extends AsyncDisposable {
  /**
   * The server's handler as a transport, without a socket.
   * @param user who the caller is; default an administrator. `null`: nobody, so that requests need credentials.
   */
  transport(user?: UserInfo | null): Transport;
  readonly handler: Handler;
  /** Serves HTTPS. @throws Error that says what to do when the port is taken or may not be used */
  listen(options?: ServeOptions): Promise<Serving>;
  /** Ends watches cleanly, closes listeners and the storage. Idempotent. */
  stop(): Promise<void>;
}

export interface ServeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

export interface Serving {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  readonly port: number;
  /** The authority's certificate, PEM. */
  readonly certificateAuthority: string;
  /** A kubeconfig with a client certificate. @param user default the administrator */
  kubeconfig(user?: UserInfo): string;
  stop(): Promise<void>;
}

/** Boots a server: what a cluster has from its first second is there when the promise resolves. */
export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const randomBytes = options.randomBytes ?? ((count: number) => systemRandomBytes(count));
  const random = (): number => new DataView(randomBytes(4).slice().buffer).getUint32(0) / 2 ** 32;
  const historyMs = options.historyMs ?? 300_000;
  const storage = options.storage ?? createMemoryStorage({ clock, historyMs });
  const catalog = createCatalog(builtinResources({ serviceAllocator: createServiceAllocator() }));
  const store = createObjectStore(storage, catalog);
  const rbac = createRbac(rbacSource(store, catalog));
  const unsubscribe = storage.watch("/rbac.authorization.k8s.io/", storage.revision(), () => rbac.invalidate());
  const authorize = options.authorization === "AlwaysAllow" ? alwaysAllow : rbac.authorize;

  const read = async (
    group: string,
    version: string,
    plural: string,
    name: string,
    namespace?: string,
  ): Promise<JsonObject | undefined> => {
    const served = catalog.find(group, version, plural);
    const entry = served && (await storage.get(store.key(served, namespace, name)));
    return entry && store.object(served, entry);
  };
  const engine: Engine = {
    catalog,
    store,
    clock,
    identities: createIdentities(randomBytes),
    admission: createAdmission([
      namespaceLifecycle((name) => read("", "v1", "namespaces", name)),
      definitionTerminating((name) => read("apiextensions.k8s.io", "v1", "customresourcedefinitions", name)),
      rbacEscalation(authorize, rbac),
    ]),
    beforeDelete: keepDefinitionUntilEmpty,
  };
  const customResources = createCustomResourceController({
    engine,
    objectMeta: builtinType("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
    log,
  });
  await customResources.start();
  const policy = bootstrapPolicy();
  await ensureObjects(engine, [
    ...bootNamespaceObjects(),
    ...([
      ...policy.clusterRoles,
      ...policy.clusterRoleBindings,
      ...policy.roles,
      ...policy.roleBindings,
    ] as unknown as JsonObject[]),
  ]);
  const stopExpiry = expireEvents(storage, "/core/events/", options.eventTtlMs ?? 3_600_000, clock);

  const kinds = { ServiceAccount: "serviceaccounts", Pod: "pods", Secret: "secrets", Node: "nodes" };
  const uidOf = async (kind: keyof typeof kinds, namespace: string, name: string): Promise<string | undefined> => {
    const found = await read("", "v1", kinds[kind], name, namespace);
    return found && metaOf(found).uid;
  };
  const tokens = createServiceAccountTokens({
    clock,
    newId: () => engine.identities.uid(),
    uidOf,
    ...(options.serviceAccountKey === undefined ? {} : { key: options.serviceAccountKey }),
  });

  const listeners = new Set<Listener>();
  const stopping = new AbortController();
  const metrics = createRequestMetrics();
  const endpointOptions = { engine, watchBuffer: options.watchBuffer ?? 1000, random };
  const endpoint = createResourceEndpoint({
    ...endpointOptions,
    reviews: createReviews({ authorize, rbac, tokens: [tokens] }),
    subresources: createSubresources(endpointOptions, subresourceHandlers({ tokens, uidOf })),
  });
  const handler = createHandler({
    authenticate: createAuthenticator({ tokens: [tokens] }),
    authorize,
    endpoint,
    routes: createRoutes({
      catalog,
      metrics,
      tokens,
      checks: [ping, { name: "shutdown", endpoints: ["readyz"], check: () => stopping.signal.throwIfAborted() }],
      address: () => [...listeners].map(({ host, port }) => `${host}:${port}`)[0] ?? "kubernetes.default.svc",
    }),
    clock,
    newAuditId: () => engine.identities.uid(),
    log,
    metrics,
    stopping: stopping.signal,
  });

  let authority: ReturnType<typeof createCertificateAuthority> | undefined;
  const certificates = { clock: systemClock, randomBytes };
  let stopped: Promise<void> | undefined;

  const server: ApiServer = {
    transport: (user = admin) => inProcessTransport(handler, user ?? undefined),
    handler,
    async listen({ host = "127.0.0.1", port = 0 } = {}) {
      authority ??= options.authority
        ? loadCertificateAuthority(certificates, options.authority)
        : createCertificateAuthority(certificates);
      const { certificate, issue } = authority;
      const listener = await listen(handler, {
        host,
        port,
        server: issue({ commonName: "kube-apiserver", usage: "server", hosts: [...new Set([host, ...serverHosts])] }),
        clientAuthorities: certificate,
        ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
        log,
      });
      listeners.add(listener);
      return {
        url: listener.url,
        port: listener.port,
        certificateAuthority: certificate,
        kubeconfig(user = admin) {
          const client: CertificateAndKey = issue({
            commonName: user.username,
            organizations: user.groups.filter((group) => group !== "system:authenticated"),
            usage: "client",
          });
          return kubeconfig({
            server: listener.url,
            certificateAuthority: certificate,
            certificate: client.certificate,
            key: client.key,
          });
        },
        async stop() {
          listeners.delete(listener);
          await listener.stop();
        },
      };
    },
    stop() {
      stopped ??= (async () => {
        stopping.abort();
        unsubscribe();
        stopExpiry();
        customResources.stop();
        await Promise.all([...listeners].map((listener) => listener.stop()));
        await storage.close();
      })();
      return stopped;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

/** A definition stays until its objects are gone. */
function keepDefinitionUntilEmpty(served: ServedResource, object: JsonObject): void {
  if (served.resource.group !== "apiextensions.k8s.io" || metaOf(object).deletionTimestamp) return;
  const meta = mutableMeta(object);
  meta["finalizers"] = [...new Set([...(metaOf(object).finalizers ?? []), cleanupFinalizer])];
}
