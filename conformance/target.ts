import { createVirtualClock, type Transport } from "@homeostat/api";
import { admin, createApiServer, createMemoryStorage, type UserInfo } from "@homeostat/apiserver";
import { connect, createHttpTransport } from "@homeostat/runtime";

/** A server that the behaviour suites run against. */
export interface Target {
  readonly name: string;
  /** @param user who asks; default an administrator, `null` nobody */
  transport(user?: UserInfo | null): Transport;
  /** Moves the server's time. */
  advance(ms: number): Promise<void>;
  /** Forgets everything about states before the present one. */
  compact(): void;
  close(): Promise<void>;
}

/** Small, so that a suite can fill it. */
export const maxBodyBytes = 3 * 1024 * 1024;

/** The server, called as a function. */
export async function inProcess(): Promise<Target> {
  const { server, advance, compact } = await boot();
  return {
    name: "in process",
    transport: (user) => server.transport(user),
    advance,
    compact,
    close: () => server.stop(),
  };
}

/** The server behind a socket, with TLS and client certificates. */
export async function overTls(): Promise<Target> {
  const { server, advance, compact } = await boot();
  const serving = await server.listen();
  const open = new Map<string, Transport & { close(): void }>();
  const dial = (user: UserInfo | null): Transport & { close(): void } => {
    if (!user) return createHttpTransport({ server: serving.url, ca: serving.certificateAuthority });
    const text = serving.kubeconfig(user);
    const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => text };
    return connect({ kubeconfig: "/kubeconfig", host }).transport;
  };
  return {
    name: "over TLS",
    transport(user = admin) {
      const key = JSON.stringify(user);
      const known = open.get(key) ?? dial(user);
      open.set(key, known);
      return known;
    },
    advance,
    compact,
    async close() {
      for (const transport of open.values()) transport.close();
      await server.stop();
    },
  };
}

export const targets: readonly { readonly name: string; readonly open: () => Promise<Target> }[] = [
  { name: "in process", open: inProcess },
  { name: "over TLS", open: overTls },
];

async function boot() {
  const clock = createVirtualClock();
  const storage = createMemoryStorage({ clock });
  const server = await createApiServer({ clock, storage, watchBuffer: 50 });
  return {
    server,
    advance: (ms: number) => clock.advance(ms),
    compact: () => storage.compact(storage.revision()),
  };
}
