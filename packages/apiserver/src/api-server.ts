import { systemClock, type Transport } from "@homeostat/api";
import { type Aggregation, type Availability, createAggregation } from "./aggregation/aggregation.ts";
import { createFrontProxy } from "./aggregation/front-proxy.ts";
import type { Auditor } from "./audit/audit.ts";
import type { createAuditor } from "./audit/create-auditor.ts";
import { createAuthenticator } from "./auth/authenticate.ts";
import { createReviews } from "./auth/reviews.ts";
import { createServiceAccountTokens } from "./auth/service-account-tokens.ts";
import { admin, type UserInfo } from "./auth/user-info.ts";
import { createApiServices, tellAvailability } from "./boot/api-services.ts";
import { type Assembly, assembleEngine } from "./boot/assemble-engine.ts";
import { bootObjects, catchAll, ensureObjects, refreshAuthentication } from "./boot/boot-objects.ts";
import { certificateAuthority, createListeners, type ServeOptions, type Serving } from "./boot/serving.ts";
import type { Lookup } from "./builtins/admission/lookup.ts";
import { type HealthCheck, ping } from "./discovery/health.ts";
import { createResourceEndpoint } from "./endpoints/resource-endpoint.ts";
import { subresourceHandlers } from "./endpoints/subresource-handlers.ts";
import { createSubresources } from "./endpoints/subresources.ts";
import { type ChainOptions, createHandler } from "./http/chain.ts";
import type { Handler } from "./http/handler.ts";
import { inProcessTransport } from "./http/in-process.ts";
import { createRequestMetrics } from "./http/request-metrics.ts";
import { type ServerLog, silentLog } from "./log.ts";
import type { ApiServerOptions } from "./options.ts";
import { createCustomResourceController } from "./registry/custom-resource-controller.ts";
import type { Engine } from "./registry/engine.ts";
import { expireEvents } from "./registry/event-expiry.ts";
import { metaOf } from "./registry/object.ts";
import { createRandomBytes } from "./registry/random-bytes.ts";
import { createRoutes } from "./routes.ts";
import { builtinType } from "./schema/index-builtin.ts";

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

/** Boots a server: what a cluster has from its first second is there when the promise resolves. */
export async function createApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const log = options.log ?? silentLog;
  const clock = options.clock ?? systemClock;
  const randomBytes = options.randomBytes ?? createRandomBytes();
  const auditor = options.audit && (await startAudit(options.audit, { catalog: () => engine.catalog, clock, log }));
  const authority = certificateAuthority(randomBytes, options.authority);
  const assembly = await assembleEngine(options, randomBytes);
  const { engine } = assembly;
  const { storage } = engine.store;

  const objectMeta = builtinType("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  const customResources = createCustomResourceController({
    engine,
    objectMeta,
    log,
    webhooks: { client: assembly.webhookClient, newUid: () => engine.identities.uid() },
  });
  await customResources.start();
  const frontProxy = createFrontProxy(randomBytes, options.frontProxyAuthority);
  const authentication = {
    "client-ca-file": authority.certificate + (options.clientAuthorities ?? ""),
    ...frontProxy.configuration,
  };
  await ensureObjects(engine, bootObjects(authentication, options.serviceRange));
  await refreshAuthentication(engine, authentication);
  const aggregation = createAggregation({
    open: async (name, spec, changed) => {
      const { openRemoteService } = await import("./aggregation/open-remote-service.ts");
      const report = (availability: Availability): Promise<void> => tellAvailability(engine, name, availability);
      return openRemoteService({ ...assembly, ...{ spec, clock, storage, log, frontProxy, report, changed } });
    },
  });
  const apiServices = createApiServices({ engine, log, aggregation });
  await apiServices.start();
  const stopExpiry = expireEvents(storage, "/core/events/", options.eventTtlMs ?? 3_600_000, clock);
  const stopLease = options.identityLease && (await startIdentityLease(engine, options.identityLease.hostname, log));

  const listeners = createListeners(authority, {
    maxBodyBytes: options.maxBodyBytes,
    clientAuthorities: options.clientAuthorities,
    log,
  });
  const stopping = new AbortController();
  const address = (): string => listeners.address() ?? "kubernetes.default.svc";
  const flowControl = await flowControlUids(assembly.lookup);
  const surroundings = { address, flowControl, stopping: stopping.signal, auditor, aggregation };
  const handler = assembleHandler(options, assembly, randomBytes, surroundings);

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopping.abort();
    assembly.stop();
    stopExpiry();
    await stopLease?.();
    await apiServices.stop();
    aggregation.stop();
    customResources.stop();
    await listeners.stop();
    await storage.close();
  };
  const server: ApiServer = {
    transport: (user = admin) => inProcessTransport(handler, user ?? undefined, options.maxBodyBytes),
    handler,
    listen: (serveOptions) => listeners.serve(handler, serveOptions),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return server;
}

/** Loaded where it is wanted only. */
async function startAudit(...parameters: Parameters<typeof createAuditor>): Promise<Auditor> {
  const module = await import("./audit/create-auditor.ts");
  return module.createAuditor(...parameters);
}

/** Loaded where it is wanted only. */
async function startIdentityLease(engine: Engine, hostname: string, log: ServerLog): Promise<() => Promise<void>> {
  const { keepIdentityLease } = await import("./boot/identity-lease.ts");
  return keepIdentityLease({ engine, log }, hostname);
}

interface HandlerSurroundings {
  readonly flowControl: NonNullable<ChainOptions["flowControl"]>;
  readonly address: () => string;
  readonly stopping: AbortSignal;
  readonly auditor: Auditor | undefined;
  readonly aggregation: Aggregation;
}

/** Puts the stages of a request, its endpoints and the other paths together. */
function assembleHandler(
  options: ApiServerOptions,
  { engine, lookup, rbac, authorize, resolveService, webhookMetrics }: Assembly,
  randomBytes: (count: number) => Uint8Array,
  { address, flowControl, stopping, auditor, aggregation }: HandlerSurroundings,
): Handler {
  const { clock } = engine;
  const uidOf = uidReader(lookup);
  const tokens = createServiceAccountTokens({
    clock,
    newId: () => engine.identities.uid(),
    uidOf,
    ...(options.serviceAccountKey === undefined ? {} : { key: options.serviceAccountKey }),
    ...(options.serviceAccountIssuer === undefined ? {} : { issuer: options.serviceAccountIssuer }),
    ...(options.formerServiceAccountKeys === undefined ? {} : { formerKeys: options.formerServiceAccountKeys }),
  });
  const endpoint = createResourceEndpoint({
    engine,
    authorize,
    watchBuffer: options.watchBuffer ?? 1000,
    watchBufferBytes: options.watchBufferBytes ?? 16 << 20,
    random: () => new DataView(randomBytes(4).slice().buffer).getUint32(0) / 2 ** 32,
    reviews: createReviews({ authorize, rbac, tokens: [tokens] }),
    subresources: createSubresources(
      { engine },
      subresourceHandlers({
        ...{ tokens, uidOf, authorize, lookup, resolveService },
        ...{ podLogs: options.podLogs, podConnections: options.podConnections },
      }),
    ),
  });
  const metrics = createRequestMetrics();
  const shutdown: HealthCheck = {
    name: "shutdown",
    endpoints: ["readyz"],
    check: () => stopping.throwIfAborted(),
  };
  return createHandler({
    authenticate: createAuthenticator({ tokens: [tokens] }),
    authorize,
    endpoint: (info, request, context) =>
      aggregation.find(info.group, info.version)?.relay(request, context.user) ?? endpoint(info, request, context),
    routes: createRoutes({
      catalog: engine.catalog,
      aggregation,
      metrics,
      moreMetrics: () => webhookMetrics.render(),
      tokens,
      checks: [ping, shutdown],
      address,
    }),
    clock,
    newAuditId: () => engine.identities.uid(),
    log: options.log ?? silentLog,
    metrics,
    stopping,
    flowControl,
    auditor,
  });
}

/** Every answer names the flow it was in. */
async function flowControlUids(lookup: Lookup): Promise<NonNullable<ChainOptions["flowControl"]>> {
  const uid = async (plural: string): Promise<string> => {
    const found = await lookup.get("flowcontrol.apiserver.k8s.io", plural, catchAll);
    return (found && metaOf(found).uid) ?? "";
  };
  return { flowSchemaUid: await uid("flowschemas"), priorityLevelUid: await uid("prioritylevelconfigurations") };
}

/** Uids of what tokens are bound to. */
function uidReader(lookup: Lookup) {
  const plurals = { ServiceAccount: "serviceaccounts", Pod: "pods", Secret: "secrets", Node: "nodes" };
  return async (kind: keyof typeof plurals, namespace: string, name: string): Promise<string | undefined> => {
    const found = await lookup.get("", plurals[kind], name, namespace);
    return found && metaOf(found).uid;
  };
}
