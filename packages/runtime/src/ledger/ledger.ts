import type { Ledger } from "../manager/manager.ts";
import type { LedgerEntry } from "./cause.ts";

/** Reconciles kept per object. */
export const LEDGER_ENTRIES = 32;

/**
 * Remembers the last reconciles of every object of every controller. An object's ring is let go when the controller
 * says the object is gone and `forget` is called, so memory follows the number of live objects.
 */
export class ReconcileLedger implements Ledger {
  readonly #rings = new Map<string, LedgerEntry[]>();
  readonly #next = new Map<string, number>();
  readonly #listeners = new Set<(entry: LedgerEntry) => void>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told what listeners throw; default: nobody */
  constructor(onError: (error: unknown) => void = () => {}) {
    this.#onError = onError;
  }

  record(entry: LedgerEntry): void {
    const key = ringKey(entry.controller, entry.namespace, entry.name);
    let ring = this.#rings.get(key);
    if (!ring) this.#rings.set(key, (ring = []));
    if (ring.length < LEDGER_ENTRIES) {
      ring.push(entry);
    } else {
      const at = this.#next.get(key) ?? 0;
      ring[at] = entry;
      this.#next.set(key, (at + 1) % LEDGER_ENTRIES);
    }
    for (const listener of this.#listeners) {
      try {
        listener(entry);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  forget(controller: string, namespace: string | undefined, name: string): void {
    const key = ringKey(controller, namespace, name);
    this.#rings.delete(key);
    this.#next.delete(key);
  }

  entries(filter: Parameters<Ledger["entries"]>[0] = {}): readonly LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (const [key, ring] of this.#rings) {
      const { controller, namespace, name } = ring[0]!;
      if (filter.controller !== undefined && filter.controller !== controller) continue;
      if (filter.namespace !== undefined && filter.namespace !== namespace) continue;
      if (filter.name !== undefined && filter.name !== name) continue;
      const start = this.#next.get(key) ?? 0;
      for (let i = 0; i < ring.length; i++) found.push(ring[(start + i) % ring.length]!);
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

const ringKey = (controller: string, namespace: string | undefined, name: string): string =>
  `${controller}\n${namespace ?? ""}\n${name}`;
