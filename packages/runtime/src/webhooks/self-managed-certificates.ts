import { type Clock, isAlreadyExists, isConflict, Secret, sleep, systemClock } from "@homeostat/api";
import type { CertificateAndKey } from "@homeostat/api/certificates";
import type { Client } from "../client/client.ts";
import { type Logger, silentLogger } from "../log.ts";
import { type InjectionTargets, injectCaBundle, injectionTargets } from "./ca-injection.ts";
import { type CertificatePlan, caBundle, type KeptCertificates, planCertificates } from "./certificate-plan.ts";
import { readCertificates, writeCertificates } from "./certificate-secret.ts";
import type { CertificateSource } from "./certificate-source.ts";
import { WakeUp } from "./wake-up.ts";

export interface SelfManagedCertificatesOptions {
  /** Reads are live. It needs the rules that `certificatePolicyRules` tells. */
  readonly client: Client;
  /** Where certificates are kept, for all replicas. Made where it does not exist. */
  readonly secret: { readonly namespace: string; readonly name: string };
  /** The Service through which the API server calls. Its names are in the certificate. */
  readonly service?: { readonly namespace: string; readonly name: string };
  /** Further host names and addresses. One of `service` and `hosts` is needed. */
  readonly hosts?: readonly string[];
  /** What to write the bundle into. Default nothing. */
  readonly injectInto?: InjectionTargets;
  /** Life of a server's certificate in milliseconds; renewed at two thirds. Default 90 days. */
  readonly validMs?: number;
  /** Life of an authority in milliseconds; replaced at two thirds. Default 3 years. */
  readonly authorityValidMs?: number;
  /** How long an authority is trusted before it signs, and after it has signed last, in milliseconds. Default 1 day, at least 15 minutes. */
  readonly overlapMs?: number;
  /** How often everything is looked at where no watch tells of a change, in milliseconds. Default 60000. */
  readonly intervalMs?: number;
  /** Who owns the injected fields. Default `homeostat-certificates`. */
  readonly fieldManager?: string;
  readonly clock?: Clock;
  readonly log?: Logger;
}

const dayMs = 24 * 3_600_000;
/** Changes are gathered for a moment, which also slows a quarrel with somebody who rewrites the same field. */
const gatherMs = 1_000;

/**
 * Certificates with nothing to install: an authority and a server certificate are made, kept in a Secret, shared by all
 * replicas and renewed in time; the authority's certificate is written into webhook configurations and CRDs, and
 * written again when somebody takes it out.
 *
 * Every replica does all of this, without a lease. A step is one write of one Secret that demands the version it was
 * planned on, so exactly one replica's step wins and the others read what it wrote: what a lease would settle is
 * settled by the write itself, and also holds for a replica that was frozen in between. All replicas inject what the
 * Secret says, which is the same.
 *
 * @throws Error where hosts are missing or times do not fit together
 */
export function selfManagedCertificates(options: SelfManagedCertificatesOptions): CertificateSource {
  const plan = planOf(options);
  return { start: (changed, signal) => new Keeper(options, plan, changed, signal).start() };
}

function planOf(options: SelfManagedCertificatesOptions): CertificatePlan {
  const { service, validMs = 90 * dayMs, authorityValidMs = 3 * 365 * dayMs, overlapMs = dayMs } = options;
  const names = service
    ? [".svc", ".svc.cluster.local", ""].map((end) => `${service.name}.${service.namespace}${end}`)
    : [];
  const hosts = [...names, ...(options.hosts ?? [])];
  if (hosts.length === 0) throw new Error("self-managed certificates need service or hosts: name what callers dial");
  if (overlapMs < 15 * 60_000) throw new Error("self-managed certificates: overlapMs must be 15 minutes or more");
  if (authorityValidMs < 9 * overlapMs)
    throw new Error("self-managed certificates: authorityValidMs must be at least 9 times overlapMs");
  return { hosts, validMs, authorityValidMs, overlapMs };
}

/** One replica's part. */
class Keeper {
  readonly #options: SelfManagedCertificatesOptions;
  readonly #plan: CertificatePlan;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changed: (certificate: CertificateAndKey) => void;
  readonly #signal: AbortSignal;
  readonly #wakeUp: WakeUp;
  #served: CertificateAndKey | undefined;
  #previous: KeptCertificates | undefined;

  constructor(
    options: SelfManagedCertificatesOptions,
    plan: CertificatePlan,
    changed: (certificate: CertificateAndKey) => void,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#changed = changed;
    this.#signal = signal;
    this.#wakeUp = new WakeUp(this.#clock, signal);
  }

  /** Tries until there is a certificate: a server without one is of no use, and one may be allowed a moment later. */
  async start(): Promise<CertificateAndKey> {
    for (let delayMs = 1_000; ; delayMs = Math.min(2 * delayMs, 30_000)) {
      try {
        const kept = await this.#settle();
        this.#served = kept.serving;
        void this.#keep(kept);
        return kept.serving;
      } catch (error) {
        this.#signal.throwIfAborted();
        this.#log.error({ err: error, secret: this.#options.secret }, "No serving certificate yet, trying again");
        await sleep(this.#clock, delayMs, this.#signal);
      }
    }
  }

  async #keep(first: KeptCertificates): Promise<void> {
    const { client, secret, intervalMs = 60_000 } = this.#options;
    const watched = [{ resource: Secret, ...secret }, ...injectionTargets(this.#options.injectInto ?? {})];
    for (const target of watched) void this.#wakeUp.watch(client, target, intervalMs);
    let kept = first;
    while (!this.#signal.aborted) {
      await this.#inject(kept);
      if (kept.serving.certificate !== this.#served?.certificate && !this.#signal.aborted) {
        this.#served = kept.serving;
        this.#log.info({ secret }, "Serving certificate changed");
        this.#changed(kept.serving);
      }
      await this.#wakeUp.wait(intervalMs);
      await sleep(this.#clock, gatherMs, this.#signal).catch(() => {});
      if (this.#signal.aborted) return;
      try {
        kept = await this.#settle();
      } catch (error) {
        if (!this.#signal.aborted)
          this.#log.error({ err: error, secret }, "Certificates could not be looked after, the old ones stay in use");
      }
    }
  }

  /** Reads the Secret, does what is due, writes it. @returns what is in it then */
  async #settle(): Promise<KeptCertificates> {
    const { client, secret: name } = this.#options;
    for (;;) {
      const options = { signal: this.#signal };
      const secret = await client.find(Secret, name, { from: "live", ...options });
      const found = secret && readCertificates(secret);
      let kept = planCertificates(found, this.#plan, this.#clock);
      if (!found && this.#previous) kept = stillTrusting(kept, this.#previous);
      if (kept === found) return (this.#previous = found);
      const wanted = writeCertificates(secret, name, kept);
      try {
        await (secret ? client.update(Secret, wanted, options) : client.create(Secret, wanted, options));
        this.#log.info({ secret: name }, "Certificates renewed");
        return (this.#previous = kept);
      } catch (error) {
        // Another replica was first: what it wrote counts.
        if (!isConflict(error) && !isAlreadyExists(error)) throw error;
        this.#signal.throwIfAborted();
      }
    }
  }

  async #inject(kept: KeptCertificates): Promise<void> {
    const { client, injectInto = {}, fieldManager = "homeostat-certificates" } = this.#options;
    for (const target of injectionTargets(injectInto)) {
      const { kind } = target.resource;
      try {
        const options = { fieldManager, signal: this.#signal };
        const written = await injectCaBundle(client, target, caBundle(kept), options);
        if (written) this.#log.info({ kind, name: target.name }, "CA bundle injected");
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#log.error({ err: error, kind, name: target.name }, "CA bundle could not be injected, trying again");
      }
    }
  }
}

/** Where the Secret was deleted, other replicas serve the old certificate for a moment more. */
function stillTrusting(kept: KeptCertificates, before: KeptCertificates): KeptCertificates {
  return { ...kept, previous: [before.authority.certificate, ...kept.previous] };
}
