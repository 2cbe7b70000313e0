import { createVirtualClock, type Transport, type TransportRequest, type VirtualClock } from "@homeostat/api";
import { admin, createApiServer, type UserInfo } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe } from "vitest";
import { connect } from "./connect.ts";
import { createHttpTransport } from "./http-transport.ts";

/** A server that suites about the client run against, in virtual time. */
export interface Target {
  /** @param user who asks; default an administrator */
  transport(user?: UserInfo): Transport;
  /** Only over TLS: its address and authority. */
  readonly serving?: { readonly url: string; readonly certificateAuthority: string };
  readonly clock: VirtualClock;
  close(): Promise<void>;
}

async function inProcess(): Promise<Target> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  return { transport: (user) => server.transport(user), clock, close: () => server.stop() };
}

async function overTls(): Promise<Target> {
  const clock = createVirtualClock();
  const server = await createApiServer({ clock });
  const serving = await server.listen();
  const open: { close(): void }[] = [];
  return {
    clock,
    serving,
    transport(user = admin) {
      const text = serving.kubeconfig(user);
      const host = { env: {}, homeDir: "/", workDir: "/", readFile: () => text };
      const { transport } = connect({ kubeconfig: "/kubeconfig", host });
      open.push(transport);
      return transport;
    },
    async close() {
      for (const transport of open) transport.close();
      await server.stop();
    },
  };
}

/** What a test is given. */
export interface World extends Target {
  /** An administrator's transport, shared by the suite. */
  readonly shared: Transport;
  /** A new namespace. @returns its name */
  namespace(): Promise<string>;
}

/** Registers a suite twice: in process and over TLS. Each has one server for all its tests. */
export function overBoth(title: string, suite: (world: World) => void): void {
  describe.each([
    { wire: "in process", open: inProcess },
    { wire: "over TLS", open: overTls },
  ])(`${title}, $wire`, ({ open }) => {
    let target!: Target;
    let shared!: Transport;
    let names = 0;
    beforeAll(async () => {
      target = await open();
      shared = target.transport();
    });
    afterAll(() => target.close());
    suite({
      transport: (user) => target.transport(user),
      close: () => target.close(),
      get serving() {
        return target.serving!;
      },
      get clock() {
        return target.clock;
      },
      get shared() {
        return shared;
      },
      async namespace() {
        const name = `ns-${++names}`;
        const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        const headers = { "content-type": "application/json" };
        const response = await shared({ method: "POST", path: "/api/v1/namespaces", headers, body });
        await response.bytes();
        if (response.status !== 201) throw new Error(`namespace ${name}: status ${response.status}`);
        return name;
      },
    });
  });
}

/** A transport that remembers what went through it. */
export function recorded(transport: Transport): Transport & { readonly requests: TransportRequest[] } {
  const requests: TransportRequest[] = [];
  const send: Transport = (request) => {
    requests.push(request);
    return transport(request);
  };
  return Object.assign(send, { requests });
}

/** A transport over TLS with credentials of one's own. */
export function dialTarget(
  target: Target,
  options: Omit<Parameters<typeof createHttpTransport>[0], "server" | "ca">,
): ReturnType<typeof createHttpTransport> {
  const { url, certificateAuthority } = target.serving!;
  return createHttpTransport({ server: url, ca: certificateAuthority, ...options });
}
