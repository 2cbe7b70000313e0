import { createVirtualClock, type Transport } from "@homeostat/api";
import { admin, createApiServer, createMemoryStorage, type UserInfo } from "@homeostat/apiserver";
import { connect, createHttpTransport, thisHost } from "@homeostat/runtime";
import { startControlPlane } from "./support/control-plane.ts";
import { cleaning } from "./support/leftovers.ts";

/** A server that the behaviour suites run against. */
export interface Target {
  readonly name: string;
  /** @param user who asks; default an administrator, `null` nobody */
  transport(user?: UserInfo | null): Transport;
  /** Moves the server's time. @throws Error where the server is not of this process */
  advance(ms: number): Promise<void>;
  /** Forgets everything about states before the present one. @throws Error where the server is not of this process */
  compact(): void;
  close(): Promise<void>;
}

export interface TargetChoice {
  readonly name: string;
  /**
   * Whether the server is made by this process: its time moves when a test says so, its history is short, its log is
   * empty at first, and nobody else writes to it. Tests that count on that are for these only.
   */
  readonly ours: boolean;
  /** Whether nobody but the tests writes: no controllers run, no other programs. Tests that count on that are for these. */
  readonly alone: boolean;
  /** Why the target cannot be opened here. Its tests are skipped, and this is said. */
  readonly missing?: string;
  readonly open: () => Promise<Target>;
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
  const dial = (user: UserInfo | null): Connection => {
    if (!user) return createHttpTransport({ server: serving.url, ca: serving.certificateAuthority });
    const text = serving.kubeconfig(user);
    const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => text };
    return connect({ kubeconfig: "/kubeconfig", host }).transport;
  };
  const { transport, close } = dialOnce(dial);
  return {
    name: "over TLS",
    transport,
    advance,
    compact,
    async close() {
      close();
      await server.stop();
    },
  };
}

/** Any cluster, as the administrator that KUBECONFIG names; others are impersonated. What tests leave is removed. */
export async function ofKubeconfig(): Promise<Target> {
  const host = thisHost();
  const connection = connect({ host });
  connection.transport.close();
  const { server } = connection;
  return external("of KUBECONFIG", {
    admin: () => connect({ host }).transport,
    as: ({ username, groups }) => connect({ host, impersonate: { user: username, groups } }).transport,
    // Who asks without credentials has no secrets to tell: whether the server is the right one does not matter.
    nobody: () => createHttpTransport({ server, insecureSkipTlsVerify: true }),
  });
}

/** The executables in a folder, started as envtest starts them. */
export async function ofAssets(assets: string): Promise<Target> {
  const { server, certificateAuthority: ca, admin: own, stop } = await startControlPlane({ assets });
  const credentials = { server, ca, cert: own.certificate, key: own.key };
  return external("of KUBEBUILDER_ASSETS", {
    admin: () => createHttpTransport(credentials),
    as: ({ username, groups }) => createHttpTransport({ ...credentials, impersonate: { user: username, groups } }),
    nobody: () => createHttpTransport({ server, ca }),
    stop,
  });
}

const own: readonly TargetChoice[] = [
  { name: "in process", ours: true, alone: true, open: inProcess },
  { name: "over TLS", ours: true, alone: true, open: overTls },
];

/**
 * What the suites run against: both ways to our own server; or, by HOMEOSTAT_CONFORMANCE_TARGET, `kubeconfig` for the
 * cluster that KUBECONFIG names, `assets` for the executables in KUBEBUILDER_ASSETS.
 */
export function chooseTargets(env: Readonly<Record<string, string | undefined>>): readonly TargetChoice[] {
  const wanted = env["HOMEOSTAT_CONFORMANCE_TARGET"];
  if (!wanted) return own;
  if (wanted === "kubeconfig") {
    const missing = env["KUBECONFIG"] ? {} : { missing: "KUBECONFIG is not set: name the cluster's kubeconfig" };
    return [{ name: "of KUBECONFIG", ours: false, alone: false, open: ofKubeconfig, ...missing }];
  }
  if (wanted === "assets") {
    const folder = env["KUBEBUILDER_ASSETS"];
    const missing = folder
      ? {}
      : { missing: "KUBEBUILDER_ASSETS is not set: name a folder with etcd and kube-apiserver" };
    return [
      { name: "of KUBEBUILDER_ASSETS", ours: false, alone: true, open: () => ofAssets(folder ?? ""), ...missing },
    ];
  }
  throw new Error(`HOMEOSTAT_CONFORMANCE_TARGET is "${wanted}": choose kubeconfig or assets, or leave it out`);
}

export const targets = chooseTargets(process.env);

/** The same with the controllers of a cluster. Time passes there by itself. */
export const clusters: readonly TargetChoice[] = targets.map((choice) => {
  if (choice.ours) return { ...choice, ours: false, alone: false, open: () => cluster(choice.name) };
  if (!choice.alone) return choice;
  return { ...choice, missing: "no controllers are among the executables of KUBEBUILDER_ASSETS" };
});

async function cluster(name: string): Promise<Target> {
  const { createDevCluster } = await import("@homeostat/devcluster");
  const running = await createDevCluster();
  if (name === "in process") {
    const target = external(name, {
      admin: () => Object.assign(running.transport(), { close() {} }),
      as: (user) => Object.assign(running.transport(user), { close() {} }),
      nobody: () => Object.assign(running.apiServer.transport(null), { close() {} }),
    });
    return { ...target, close: () => running.stop() };
  }
  const listening = await running.listen();
  const host = (user: UserInfo) => ({
    ...{ env: {}, homeDir: "/", workDir: "/", windows: false },
    readFile: () => listening.kubeconfig(user),
  });
  const target = external(name, {
    admin: () => connect({ kubeconfig: "/kubeconfig", host: host(admin) }).transport,
    as: (user) => connect({ kubeconfig: "/kubeconfig", host: host(user) }).transport,
    nobody: () => createHttpTransport({ server: listening.url, insecureSkipTlsVerify: true }),
    stop: () => running.stop(),
  });
  return target;
}

type Connection = Transport & { close(): void };

interface Access {
  admin(): Connection;
  as(user: UserInfo): Connection;
  nobody(): Connection;
  stop?(): Promise<unknown>;
}

function external(name: string, access: Access): Target {
  const { transport, close } = dialOnce((user) =>
    user === null ? access.nobody() : user === admin ? access.admin() : access.as(user),
  );
  const left = cleaning();
  const refuse = (what: string) => (): never => {
    throw new Error(`nobody can ${what} from outside: run this test where world.ours only`);
  };
  return {
    name,
    transport: (user) => left.watch(transport(user)),
    advance: async () => refuse("move the time of this server")(),
    compact: refuse("compact the storage of this server"),
    async close() {
      await left.remove(transport());
      close();
      await access.stop?.();
    },
  };
}

/** One connection for each user. */
function dialOnce(dial: (user: UserInfo | null) => Connection): {
  transport(user?: UserInfo | null): Transport;
  close(): void;
} {
  const open = new Map<string, Connection>();
  return {
    transport(user = admin) {
      const key = JSON.stringify(user);
      const known = open.get(key) ?? dial(user);
      open.set(key, known);
      return known;
    },
    close() {
      for (const transport of open.values()) transport.close();
    },
  };
}

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
