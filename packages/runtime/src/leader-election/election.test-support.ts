import {
  type Clock,
  createVirtualClock,
  Lease,
  Namespace,
  type Stored,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type VirtualClock,
} from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { createClient } from "../client/api-client.ts";
import type { Client } from "../client/client.ts";

/** An API server in virtual time, with a person beside it. */
export interface ElectionWorld {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly admin: Client;
  lease(): Promise<Stored<Lease> | undefined>;
}

export const leaseKey = { namespace: "ops", name: "operator" };

export async function electionWorld(): Promise<ElectionWorld> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock: clock as Clock });
  const admin = createClient({ transport: server.transport(), clock, fieldManager: "admin" });
  await admin.create(Namespace, { metadata: { name: "ops" } });
  await admin.create(Namespace, { metadata: { name: "demo" } });
  return { clock, server, admin, lease: () => admin.find(Lease, leaseKey) };
}

/**
 * A process of its own on a shared clock: it can be frozen, as by SIGSTOP, a blocked event loop or a long collection of
 * garbage, while time goes on for all others. Its timers do not run then and answers do not reach it; what it has sent
 * is on its way. Thawed, it hears of all that at once.
 */
export class FreezableProcess {
  readonly clock: Clock;
  readonly transport: Transport;
  /** Requests that have left it, `PUT /apis/…`, with the reading of the shared clock. */
  readonly sent: { readonly request: string; readonly at: number }[] = [];
  /** Called before each request leaves; throwing fails it, as a partition does. */
  interfere: (request: TransportRequest) => void | Promise<void> = () => {};
  #frozen = false;
  #waiting: (() => void)[] = [];

  /** @param skewMs how far its wall clock is off */
  constructor(shared: VirtualClock, transport: Transport, skewMs = 0) {
    this.clock = {
      now: () => shared.now() + skewMs,
      monotonic: () => shared.monotonic(),
      setTimer: (callback, delayMs, options) => {
        let cancelled = false;
        const cancel = shared.setTimer(() => this.#whenRunning(() => cancelled || callback()), delayMs, options);
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
    this.transport = async (request) => {
      request.signal?.throwIfAborted();
      const interference = this.interfere(request);
      if (interference) await interference;
      this.sent.push({ request: `${request.method} ${request.path.split("?")[0]}`, at: shared.monotonic() });
      const response = await transport(request);
      await new Promise<void>((resolve) => this.#whenRunning(resolve));
      // A chunk is valid only during the call, so what waits is a copy.
      const pipe: TransportResponse["pipe"] = (sink) =>
        response.pipe((chunk) => (this.#frozen ? this.#hold(sink, chunk.slice()) : sink(chunk)));
      return { status: response.status, headers: response.headers, bytes: () => response.bytes(), pipe };
    };
  }

  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const callback of this.#waiting.splice(0)) callback();
  }

  #hold(sink: (chunk: Uint8Array) => void, chunk: Uint8Array): void {
    this.#waiting.push(() => sink(chunk));
  }

  #whenRunning(callback: () => void): void {
    if (this.#frozen) this.#waiting.push(callback);
    else callback();
  }
}
