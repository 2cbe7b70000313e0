import type { Clock, JsonObject } from "@homeostat/api";
import type { Lookup } from "../builtins/admission/lookup.ts";
import { text } from "../builtins/json-fields.ts";
import type { ServerLog } from "../log.ts";
import type { Storage } from "../storage/storage.ts";
import type { ResolveService } from "../webhooks/service-resolver.ts";
import type { Availability, RemoteService } from "./aggregation.ts";
import { askService, type Findings } from "./ask-service.ts";
import type { FrontProxy } from "./front-proxy.ts";
import { relayRequest, unavailable } from "./relay-request.ts";
import { createServiceClient } from "./service-client.ts";

export interface RemoteServiceOptions {
  readonly spec: JsonObject;
  readonly clock: Clock;
  readonly lookup: Lookup;
  readonly storage: Storage;
  readonly log: ServerLog;
  readonly frontProxy: FrontProxy;
  readonly resolveService: ResolveService;
  /** Called after each round of questions. */
  readonly report: (availability: Availability) => Promise<void>;
  /** Called when what is served elsewhere is different now. */
  readonly changed: () => void;
}

/** How often a server that answers is asked again, in milliseconds. */
const againMs = 30_000;
/** How soon one that does not, at first; each time twice as late, up to the time above. Source: kube-aggregator, status/remote. */
const firstRetryMs = 5_000;
/** How long a round of questions may take. */
const roundMs = 6_000;

/**
 * Follows one APIService that points at a Service: asks it at once, when the Service or its endpoints change, and from
 * time to time. Requests are passed on only while it is available, as upstream's are.
 */
export function openRemoteService(options: RemoteServiceOptions): RemoteService {
  const { spec, clock, storage, log } = options;
  const [group, version] = [text(spec, "group"), text(spec, "version")];
  const client = createServiceClient({
    spec,
    resolveService: options.resolveService,
    certificate: options.frontProxy.certificate(),
  });
  const stopping = new AbortController();
  let found: Findings | undefined;
  let resources: readonly JsonObject[] = [];
  let failures = 0;
  let cancel = (): void => undefined;
  let running = false;
  let again = false;

  const round = async (): Promise<void> => {
    const ending = new AbortController();
    const end = (): void => ending.abort();
    stopping.signal.addEventListener("abort", end, { once: true });
    const late = clock.setTimer(end, roundMs, { keepAlive: false });
    try {
      take(await askService({ ...options, client, group, version, signal: ending.signal }, found?.openapi));
    } finally {
      late();
      stopping.signal.removeEventListener("abort", end);
    }
    if (found && !stopping.signal.aborted) await options.report(found.availability);
  };
  const take = (now: Findings): void => {
    if (stopping.signal.aborted) return;
    const shown = (each: Findings | undefined): string =>
      JSON.stringify([each?.availability.status, each?.resources, each?.openapi?.hash]);
    const isNew = shown(now) !== shown(found);
    failures = now.availability.status === "True" ? 0 : failures + 1;
    resources = now.resources ?? resources;
    // What was published last is still good for clients that explain or validate.
    found = { ...now, openapi: now.openapi ?? found?.openapi };
    if (isNew) options.changed();
  };
  const ask = (): void => {
    again = true;
    if (running || stopping.signal.aborted) return;
    running = true;
    cancel();
    void asking();
  };
  const asking = async (): Promise<void> => {
    while (again && !stopping.signal.aborted) {
      again = false;
      await round().catch((error: unknown) => {
        log.warn({ err: error, group, version }, "Asking an aggregated server failed");
      });
    }
    running = false;
    if (stopping.signal.aborted) return;
    const delayMs = failures === 0 ? againMs : Math.min(firstRetryMs * 2 ** (failures - 1), againMs);
    cancel = clock.setTimer(ask, delayMs, { keepAlive: false });
  };
  const { namespace } = client.service;
  const unwatch = [
    `/core/services/${namespace}/`,
    `/core/endpoints/${namespace}/`,
    `/discovery.k8s.io/endpointslices/${namespace}/`,
  ].map((prefix) => storage.watch(prefix, storage.revision(), ask));
  ask();
  return {
    ...{ group, version },
    get resources() {
      return resources;
    },
    get isCurrent() {
      return found?.availability.status === "True";
    },
    get openapi() {
      return found?.openapi;
    },
    async relay(request, user) {
      if (found?.availability.status !== "True") return unavailable();
      return relayRequest(client, request, user);
    },
    stop() {
      stopping.abort();
      cancel();
      for (const end of unwatch) end();
      client.stop();
    },
  };
}
