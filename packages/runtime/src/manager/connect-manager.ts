import type { Clock, Transport } from "@homeostat/api";
import { connect } from "../client/connect.ts";
import type { ManagerOptions } from "./manager.ts";

/** How a manager reaches its server. */
export interface ManagerConnections {
  readonly transport: Transport;
  /** For leases: nothing else waits for, or is throttled with, what it sends. */
  readonly leaseTransport: Transport;
  /** Of the server, for metrics. */
  readonly host: string;
  close(): void;
}

/** @throws KubeconfigError where no transport is given and no cluster is found */
export function connectManager({ transport, leaderElection }: ManagerOptions, clock: Clock): ManagerConnections {
  const given = leaderElection ? leaderElection.transport : undefined;
  if (transport) return { transport, leaseTransport: given ?? transport, host: "in-process", close: () => {} };
  const main = connect({ clock });
  const own = leaderElection && !given ? connect({ clock, poolSize: 1 }) : undefined;
  return {
    transport: main.transport,
    leaseTransport: given ?? own?.transport ?? main.transport,
    host: new URL(main.server).host,
    close() {
      main.transport.close();
      own?.transport.close();
    },
  };
}
