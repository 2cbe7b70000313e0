import type { Resource } from "@homeostat/api";
import { groupResource } from "@homeostat/api";
import type { Cause, Ledger, LedgerEntry } from "@homeostat/runtime";

/** A controller whose ledger can be asked. */
export interface LedgerSource {
  readonly controller: string;
  readonly resource: Pick<Resource, "group" | "kind" | "plural" | "singular" | "shortNames" | "scope">;
  readonly ledger: Pick<Ledger, "entries">;
}

export interface LedgerQuery {
  /** As people type it: `webapp`, `WebApps`, `webapps.apps.example.com`. */
  readonly kind: string;
  readonly name: string;
  /** Default `default`, which counts for kinds in namespaces only. */
  readonly namespace: string;
}

/** What the ledgers know of an object. */
export interface LedgerReport {
  /** Whether controllers reconcile the kind itself, or only look at it and write it. */
  readonly reconciled: boolean;
  /** Oldest first. */
  readonly entries: readonly ReportedEntry[];
}

export interface ReportedEntry extends LedgerEntry {
  /** What its controller reconciles: `webapps.apps.example.com`. */
  readonly resource: string;
}

/**
 * The reconciles of an object; for an object of a kind that no controller reconciles itself, those it caused and those
 * that wrote it.
 */
export function lookUp(sources: readonly LedgerSource[], query: LedgerQuery): LedgerReport {
  const own = sources.filter(({ resource }) => namesResource(query.kind, resource));
  const entries = own.length > 0 ? ownEntries(own, query) : sources.flatMap((source) => mentions(source, query));
  return { reconciled: own.length > 0, entries: entries.toSorted((a, b) => a.startedAt - b.startedAt) };
}

function ownEntries(sources: readonly LedgerSource[], { name, namespace }: LedgerQuery): ReportedEntry[] {
  return sources.flatMap(({ controller, resource, ledger }) => {
    const filter = resource.scope === "Namespaced" ? { controller, name, namespace } : { controller, name };
    return ledger.entries(filter).map((entry) => ({ ...entry, resource: groupResource(resource) }));
  });
}

function mentions({ controller, resource, ledger }: LedgerSource, query: LedgerQuery): ReportedEntry[] {
  const isMeant = (other: { resource: string; namespace: string | undefined; name: string }): boolean =>
    other.name === query.name &&
    (other.namespace === undefined || other.namespace === query.namespace) &&
    namesPlural(query.kind, other.resource);
  const isCause = (cause: Cause): boolean => cause.type === "event" && isMeant(cause);
  return ledger
    .entries({ controller })
    .filter(({ causes, writes }) => causes.some(isCause) || writes.some(isMeant))
    .map((entry) => ({ ...entry, resource: groupResource(resource) }));
}

/** Whether a kind as people type it is this one. */
export function namesResource(typed: string, resource: LedgerSource["resource"]): boolean {
  const lower = typed.toLowerCase();
  const names = [resource.kind.toLowerCase(), resource.singular, resource.plural, ...(resource.shortNames ?? [])];
  return names.some((name) => lower === name || lower === `${name}.${resource.group}`);
}

/** The same where only the plural is known: `configmap` means `configmaps`, `policy` means `policies.example.com`. */
function namesPlural(typed: string, resource: string): boolean {
  const lower = typed.toLowerCase();
  const [plural] = resource.split(".");
  return [lower, `${lower}s`, `${lower}es`, lower.replace(/y$/, "ies")].some(
    (name) => name === plural || name === resource,
  );
}
