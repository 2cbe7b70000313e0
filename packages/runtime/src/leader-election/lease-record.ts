import {
  type Clock,
  formatMicroTime,
  isAlreadyExists,
  isConflict,
  isNotFound,
  Lease,
  type Stored,
} from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { ResolvedElection } from "./election-options.ts";

/** How a try to take or keep the lease went. */
export type Attempt =
  /** Ours: written by the request that was sent at `sentAt` of the monotonic clock. */
  | { readonly type: "held"; readonly lease: Stored<Lease>; readonly sentAt: number; readonly optimistic: boolean }
  /** Another's, which has not expired. */
  | { readonly type: "taken"; readonly holder: string }
  /** Another was quicker than our write: who, is not known yet. */
  | { readonly type: "raced" };

/**
 * The Lease as we last saw it, and when, by our own clock. Times that are written in it are never compared with ours:
 * a holder whose clock is off by an hour is only asked to keep changing the record. Source: client-go
 * `tools/leaderelection/leaderelection.go`.
 */
export class LeaseRecord {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #election: ResolvedElection;
  #seen: Stored<Lease> | undefined;
  #seenAt = 0;

  constructor(client: Client, clock: Clock, election: ResolvedElection) {
    this.#client = client;
    this.#clock = clock;
    this.#election = election;
  }

  /** Who holds it, as last seen. */
  get holder(): string | undefined {
    return this.#seen?.spec?.holderIdentity || undefined;
  }

  /** How often it has changed hands, as last seen. */
  get transitions(): number {
    return this.#seen?.spec?.leaseTransitions ?? 0;
  }

  get lease(): Stored<Lease> | undefined {
    return this.#seen;
  }

  /** One try to take it, or to keep it. @throws what the server or the network says, when that says nothing of the lease */
  async attempt(signal: AbortSignal): Promise<Attempt> {
    // What we hold we renew without reading it first: the resourceVersion says whether it is as we left it.
    if (this.#seen && this.holder === this.#election.identity && !this.#isExpired(this.#seen)) {
      try {
        return await this.#write(this.#seen, signal, true);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    const found = await this.#client.find(Lease, this.#key, { signal });
    try {
      if (!found) return await this.#create(signal);
      this.#observe(found);
      const { holder } = this;
      if (holder !== undefined && holder !== this.#election.identity && !this.#isExpired(found))
        return { type: "taken", holder };
      return await this.#write(found, signal, false);
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return { type: "raced" };
      throw error;
    }
  }

  /** Gives it up, if it is ours: nobody holds it, and nobody has to wait. */
  async release(signal: AbortSignal): Promise<"released" | "not ours" | "raced"> {
    const found = await this.#client.find(Lease, this.#key, { signal });
    if (!found || found.spec?.holderIdentity !== this.#election.identity) return "not ours";
    const now = formatMicroTime(this.#clock.now());
    // Nobody holds it: client-go leaves the field out, too.
    const { holderIdentity: _, ...kept } = found.spec;
    const spec = { ...kept, leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      this.#observe(await this.#client.update(Lease, { ...found, spec }, { signal }));
      return "released";
    } catch (error) {
      if (isNotFound(error)) return "not ours";
      if (isConflict(error)) return "raced";
      throw error;
    }
  }

  get #key() {
    return { namespace: this.#election.namespace, name: this.#election.id };
  }

  /** Whether it has not changed for as long as it says its holder may be silent, since we first saw it so. */
  #isExpired(lease: Stored<Lease>): boolean {
    const seconds = lease.spec?.leaseDurationSeconds;
    const durationMs = seconds === undefined ? this.#election.leaseDurationMs : seconds * 1000;
    return this.#seenAt + durationMs <= this.#clock.monotonic();
  }

  #observe(lease: Stored<Lease>): void {
    const same = this.#seen && JSON.stringify(this.#seen.spec) === JSON.stringify(lease.spec);
    if (!same) this.#seenAt = this.#clock.monotonic();
    this.#seen = lease;
  }

  async #create(signal: AbortSignal): Promise<Attempt> {
    const { namespace, id: name, labels } = this.#election;
    const sentAt = this.#clock.monotonic();
    const metadata = { namespace, name, ...(Object.keys(labels).length > 0 ? { labels } : {}) };
    const created = await this.#client.create(Lease, { metadata, spec: this.#spec(undefined) }, { signal });
    this.#seenAt = sentAt;
    this.#seen = created;
    return { type: "held", lease: created, sentAt, optimistic: false };
  }

  async #write(lease: Stored<Lease>, signal: AbortSignal, optimistic: boolean): Promise<Attempt> {
    const sentAt = this.#clock.monotonic();
    const { managedFields: _, ...known } = lease.metadata;
    const labels = { ...known.labels, ...this.#election.labels };
    const metadata = { ...known, ...(Object.keys(labels).length > 0 ? { labels } : {}) };
    const updated = await this.#client.update(Lease, { ...lease, metadata, spec: this.#spec(lease) }, { signal });
    this.#seenAt = sentAt;
    this.#seen = updated;
    return { type: "held", lease: updated, sentAt, optimistic };
  }

  #spec(before: Stored<Lease> | undefined): NonNullable<Lease["spec"]> {
    const now = formatMicroTime(this.#clock.now());
    const { identity, leaseDurationMs } = this.#election;
    const ours = before?.spec?.holderIdentity === identity;
    const transitions = before?.spec?.leaseTransitions ?? 0;
    return {
      ...before?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: (ours ? before.spec?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: before && !ours ? transitions + 1 : transitions,
    };
  }
}
