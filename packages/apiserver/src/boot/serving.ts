import { systemClock } from "@homeostat/api";
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
  loadCertificateAuthority,
} from "@homeostat/api/certificates";
import { admin, type UserInfo } from "../auth/user-info.ts";
import type { Handler } from "../http/handler.ts";
import { type Listener, listen } from "../http/listener.ts";
import { kubeconfig } from "../kubeconfig.ts";
import type { ServerLog } from "../log.ts";

/** Names under which a cluster's API server is known inside the cluster and on this machine. */
export const serverHosts: readonly string[] = [
  "localhost",
  "127.0.0.1",
  "::1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "10.96.0.1",
];

export interface ServeOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** What the listener shows itself with; default: one that the server's own authority issues. */
  readonly certificate?: CertificateAndKey;
}

export interface Serving {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  readonly port: number;
  /** The authority's certificate, PEM; with a certificate from elsewhere that one, which clients can trust as well. */
  readonly certificateAuthority: string;
  /** A kubeconfig with a client certificate. @param user default the administrator */
  kubeconfig(user?: UserInfo): string;
  stop(): Promise<void>;
}

/** Certificates outlast the process and are checked by others: their times are the machine's, whatever the clock. */
export function certificateAuthority(
  randomBytes: (count: number) => Uint8Array,
  kept: CertificateAndKey | undefined,
): CertificateAuthority {
  const options = { clock: systemClock, randomBytes };
  return kept ? loadCertificateAuthority(options, kept) : createCertificateAuthority(options);
}

/** The listeners of a server. */
export interface Listeners {
  serve(handler: Handler, options?: ServeOptions): Promise<Serving>;
  /** `127.0.0.1:6443` of the first; undefined where there is none. */
  address(): string | undefined;
  stop(): Promise<void>;
}

export function createListeners(
  authority: CertificateAuthority,
  options: {
    readonly maxBodyBytes?: number | undefined;
    /** PEM; beside the server's own. */
    readonly clientAuthorities?: string | undefined;
    readonly log: ServerLog;
  },
): Listeners {
  const listeners = new Set<Listener>();
  return {
    async serve(handler, { host = "127.0.0.1", port = 0, certificate } = {}) {
      const listener = await listen(handler, {
        host,
        port,
        server:
          certificate ??
          authority.issue({
            commonName: "kube-apiserver",
            usage: "server",
            hosts: [...new Set([host, ...serverHosts])],
          }),
        clientAuthorities: [authority.certificate, options.clientAuthorities ?? ""].join("\n"),
        ...(options.maxBodyBytes === undefined ? {} : { maxBodyBytes: options.maxBodyBytes }),
        log: options.log,
      });
      listeners.add(listener);
      const trusted = certificate?.certificate ?? authority.certificate;
      return {
        url: listener.url,
        port: listener.port,
        certificateAuthority: trusted,
        kubeconfig: (user = admin) => kubeconfigFor(user, authority, { url: listener.url, trusted }),
        async stop() {
          listeners.delete(listener);
          await listener.stop();
        },
      };
    },
    address() {
      const [first] = listeners;
      return first && `${first.host}:${first.port}`;
    },
    async stop() {
      await Promise.all([...listeners].map((listener) => listener.stop()));
    },
  };
}

function kubeconfigFor(
  user: UserInfo,
  authority: CertificateAuthority,
  { url, trusted }: { readonly url: string; readonly trusted: string },
): string {
  const client = authority.issue({
    commonName: user.username,
    organizations: user.groups.filter((group) => group !== "system:authenticated"),
    usage: "client",
  });
  return kubeconfig({
    server: url,
    certificateAuthority: trusted,
    certificate: client.certificate,
    key: client.key,
  });
}
