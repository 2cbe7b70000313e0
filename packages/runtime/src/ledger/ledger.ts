import type { Ledger } from "../manager/manager.ts";
import type { LedgerEntry } from "./cause.ts";

/** Reconciles kept per object. */
export const LEDGER_ENTRIES = 32;
/** Reconciles kept over all objects, before those that were not reconciled for longest are cut to their last few. */
export const LEDGER_TOTAL = 50_000;
const lastFew = 4;

/**
 * Remembers the last reconciles of every object of every controller. An object's ring is let go when the controller
 * says the object is gone and `forget` is called, so memory follows the number of live objects; with many objects, most
 * keep fewer entries.
 */
export class ReconcileLedger implements Ledger {
  readonly #rings = new Map<string, LedgerEntry[]>();
  #total = 0;
  #cutAt = LEDGER_TOTAL;
  readonly #listeners = new Set<(entry: LedgerEntry) => void>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told what listeners throw; default: nobody */
  constructor(onError: (error: unknown) => void = () => {}) {
    this.#onError = onError;
  }

  record(entry: LedgerEntry): void {
    const key = ringKey(entry);
    const ring = this.#rings.get(key) ?? [];
    // Put in again, so that the objects not reconciled for longest come first.
    this.#rings.delete(key);
    this.#rings.set(key, ring);
    ring.push(entry);
    if (ring.length > LEDGER_ENTRIES) ring.shift();
    else if (++this.#total > this.#cutAt) this.#cut();
    for (const listener of this.#listeners) {
      try {
        listener(entry);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  forget(controller: string, namespace: string | undefined, name: string, cluster?: string): void {
    const key = ringKey({ controller, cluster, namespace, name });
    this.#total -= this.#rings.get(key)?.length ?? 0;
    this.#rings.delete(key);
  }

  #cut(): void {
    for (const ring of this.#rings.values()) {
      if (this.#total <= LEDGER_TOTAL * 0.75) break;
      this.#total -= ring.splice(0, Math.max(0, ring.length - lastFew)).length;
    }
    // With very many objects nothing may be left to cut: then not again with each entry.
    this.#cutAt = Math.max(LEDGER_TOTAL, this.#total + LEDGER_TOTAL / 4);
  }

  entries(filter: Parameters<Ledger["entries"]>[0] = {}): readonly LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (const ring of this.#rings.values()) {
      const { controller, cluster, namespace, name } = ring[0]!;
      if (filter.cluster !== undefined && filter.cluster !== cluster) continue;
      if (filter.controller !== undefined && filter.controller !== controller) continue;
      if (filter.namespace !== undefined && filter.namespace !== namespace) continue;
      if (filter.name !== undefined && filter.name !== name) continue;
      for (const entry of ring) found.push(entry);
    }
    // Stable, so entries of one moment keep the order of their object.
    return found.sort((a, b) => a.startedAt - b.startedAt);
  }

  /** Called in the middle of a reconcile's end; one that throws is reported, and disturbs neither that nor others. */
  subscribe(listener: (entry: LedgerEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

type Owner = Pick<LedgerEntry, "controller" | "namespace" | "name"> & { readonly cluster?: string | undefined };

const ringKey = ({ controller, cluster, namespace, name }: Owner): string =>
  `${controller}\n${cluster ?? ""}\n${namespace ?? ""}\n${name}`;
