import { Event } from "@homeostat/api";
import { connect, createClient } from "@homeostat/runtime";

/** Something that was said about an object, as an Event. */
export interface Told {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** How often. */
  readonly count: number;
}

/**
 * What operators and controllers have said about an object, oldest first: why nothing was done is told there, and not
 * in what was done.
 */
export async function toldOf(
  kubeconfig: string,
  { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace: string },
): Promise<Told[]> {
  const { transport } = connect({ kubeconfig });
  const client = createClient({ transport });
  const { items } = await client
    .list(Event, { namespace, fieldSelector: `involvedObject.name=${name}` })
    .finally(() => transport.close());
  // As people type it: `deploy`, `deployments`, `deployments.apps`.
  const typed = kind.toLowerCase().replace(/\..*/, "").replace(/s$/, "");
  const isMeant = (of = ""): boolean => of.toLowerCase().startsWith(typed);
  return items
    .filter(({ involvedObject }) => isMeant(involvedObject?.kind))
    .map(({ lastTimestamp, eventTime, metadata, series, type, reason, message, count }) => ({
      at: Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? ""),
      type: type ?? "Normal",
      reason: reason ?? "",
      message: message ?? "",
      count: series?.count ?? count ?? 1,
    }))
    .toSorted((a, b) => a.at - b.at);
}
