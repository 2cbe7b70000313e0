import type { Transport } from "@homeostat/api";
import type { ApiServer, UserInfo } from "@homeostat/apiserver";
import { connect, createHttpTransport } from "@homeostat/runtime";

/** Ways to a server that a test has made with options of its own. Connections close with the server's listeners. */
export type Dial = (server: ApiServer) => Promise<(user?: UserInfo | null) => Transport>;

const inProcess: Dial = async (server) => (user) => server.transport(user);

const overTls: Dial = async (server) => {
  const serving = await server.listen();
  return (user) => {
    if (user === null) return createHttpTransport({ server: serving.url, ca: serving.certificateAuthority });
    const text = serving.kubeconfig(user);
    const host = { env: {}, homeDir: "/", workDir: "/", windows: false, readFile: () => text };
    return connect({ kubeconfig: "/kubeconfig", host }).transport;
  };
};

export const dials: readonly (readonly [name: string, dial: Dial])[] = [
  ["in process", inProcess],
  ["over TLS", overTls],
];
