import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { thisHost } from "../client/connect.ts";
import type { Host } from "../client/kubeconfig.ts";
import type { LeaderElectionOptions } from "./leadership.ts";

/** How much longer than the retry period a wait may be, as a part of it. Source: client-go `JitterFactor`. */
export const RETRY_JITTER = 1.2;

const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

export type ResolvedElection = Required<Omit<LeaderElectionOptions, "transport">>;

/**
 * Fills in defaults. @throws where the figures cannot be safe, or where it is not known which Lease is meant
 * @param host where to look for the pod's namespace; default this machine
 */
export function resolveElection(
  options: LeaderElectionOptions,
  host: Pick<Host, "readFile"> = thisHost(),
): ResolvedElection {
  const { id, identity = `${hostname()}_${randomUUID()}`, releaseOnStop = true, labels = {} } = options;
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = options;
  if (!id) throw new Error("leaderElection.id is missing: it names the Lease that all replicas share");
  if (!identity) throw new Error("leaderElection.identity is empty: leave it out, or name this replica alone");
  for (const [field, value] of Object.entries({ leaseDurationMs, renewDeadlineMs, retryPeriodMs })) {
    if (!(value > 0 && Number.isFinite(value)))
      throw new Error(`leaderElection.${field} is ${value}: it must be positive`);
  }
  if (leaseDurationMs <= renewDeadlineMs) {
    throw new Error(
      `leaderElection.leaseDurationMs (${leaseDurationMs}) must be greater than renewDeadlineMs (${renewDeadlineMs}): a leader must give up before another may take over`,
    );
  }
  if (renewDeadlineMs <= retryPeriodMs * RETRY_JITTER) {
    throw new Error(
      `leaderElection.renewDeadlineMs (${renewDeadlineMs}) must be greater than ${RETRY_JITTER} times retryPeriodMs (${retryPeriodMs}): a leader needs time for another try`,
    );
  }
  const namespace = options.namespace || podNamespace(host, "leaderElection.namespace");
  return { id, namespace, identity, leaseDurationMs, renewDeadlineMs, retryPeriodMs, releaseOnStop, labels };
}

/** The namespace of the pod this runs in. @throws where it is none, naming the option that says it */
export function podNamespace(host: Pick<Host, "readFile">, option: string): string {
  let namespace: string;
  try {
    namespace = host.readFile(namespaceFile).trim();
  } catch (error) {
    throw new Error(`${option} is missing, and this is no pod that has one: set it`, { cause: error });
  }
  if (namespace === "") throw new Error(`${option} is missing, and ${namespaceFile} is empty: set it`);
  return namespace;
}
