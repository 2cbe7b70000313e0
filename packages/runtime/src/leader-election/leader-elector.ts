import { type Clock, type Lease, type Stored, sleep, type Transport } from "@homeostat/api";
import type { Registry } from "prom-client";
import { createClient } from "../client/api-client.ts";
import type { Host } from "../client/kubeconfig.ts";
import type { Recorder } from "../events/recorder.ts";
import type { Logger } from "../log.ts";
import { type ElectionMetrics, electionMetrics } from "./election-metrics.ts";
import { RETRY_JITTER, type ResolvedElection, resolveElection } from "./election-options.ts";
import { type LeaderElectionOptions, type Leadership, LeadershipLostError } from "./leadership.ts";
import { type Attempt, LeaseRecord } from "./lease-record.ts";

/** What an elector needs beside the options of an election. */
export interface LeaderElectorOptions extends LeaderElectionOptions {
  /** How requests for the Lease are made: a connection of its own, so that nothing else can cost the lease. */
  readonly transport: Transport;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Default `homeostat/leader-election`. */
  readonly userAgent?: string;
  /** Writes Events about the Lease; must not be fenced. Default: none are written. */
  readonly recorder?: Recorder;
  /** Where `leader_election_master_status` is registered. Default: nowhere. */
  readonly registry?: Registry;
  /** Where the pod's namespace is read. Default: this machine. */
  readonly host?: Pick<Host, "readFile">;
}

/** {@link Leadership} by a Lease. */
export interface LeaderElector extends Leadership {
  /** This replica, as the Lease names it. */
  readonly identity: string;
  /** How often the Lease has changed hands, as last seen: grows with each takeover, so it orders leaders in time. */
  readonly transitions: number;
  readonly provenUntil: number | undefined;
  readonly lost: Promise<LeadershipLostError>;
  start(): void;
  stop(options?: { readonly release: boolean }): Promise<void>;
  checkHealth(): void;
}

/** How long after the lease's end a process that still takes itself for the leader is called unhealthy. Source: kube-controller-manager. */
const HEALTH_TOLERANCE_MS = 20_000;

/**
 * Elects a leader by a Lease that all candidates try to write. See {@link LeaseRecord} for when it is free, and
 * `writeFence` for what makes it safe.
 *
 * A candidate tries every `retryPeriodMs` to 2.2 times that. The leader renews every `retryPeriodMs`; where that fails
 * it goes on trying until `renewDeadlineMs` after the last renewal that succeeded, or until it sees another's name, and
 * then has lost for good: nothing elects again in this process.
 *
 * After a blocked event loop the deadline may be long past: the lease is then tried once, because nobody may have
 * taken it meanwhile. Until that succeeds `isProven` is false.
 *
 * @throws where the options cannot be safe
 */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  return new LeaseElector(options, resolveElection(options, options.host));
}

type State = "new" | "candidate" | "leading" | "lost" | "stopped";

class LeaseElector implements LeaderElector {
  readonly elected: Promise<void>;
  readonly lost: Promise<LeadershipLostError>;
  readonly #election: ResolvedElection;
  readonly #record: LeaseRecord;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #log: Logger;
  readonly #recorder: Recorder | undefined;
  readonly #metrics: ElectionMetrics;
  readonly #abort = new AbortController();
  #state: State = "new";
  /** When the last request that wrote our name was sent, by the monotonic clock. */
  #renewedAt = 0;
  /** Whether a request that would have made us the holder got no answer. */
  #unsure = false;
  #running: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #trying: AbortController | undefined;
  #becomeLeader!: () => void;
  #lose!: (error: LeadershipLostError) => void;

  constructor(options: LeaderElectorOptions, election: ResolvedElection) {
    const { transport, clock, random, log, userAgent = "homeostat/leader-election", recorder, registry } = options;
    this.#election = election;
    this.#clock = clock;
    this.#random = random;
    this.#log = log.child({ lease: `${election.namespace}/${election.id}`, identity: election.identity });
    this.#recorder = recorder;
    // A request of the lease is made again by the loop below, which knows how long it may go on.
    const client = createClient({ transport, clock, userAgent, maxRetries: 0, log });
    this.#record = new LeaseRecord(client, clock, election);
    this.#metrics = electionMetrics(registry, election.id);
    this.elected = new Promise((resolve) => (this.#becomeLeader = resolve));
    this.lost = new Promise((resolve) => (this.#lose = resolve));
  }

  get identity(): string {
    return this.#election.identity;
  }

  get holder(): string | undefined {
    return this.#record.holder;
  }

  get transitions(): number {
    return this.#record.transitions;
  }

  get provenUntil(): number | undefined {
    return this.#state === "leading" ? this.#renewedAt + this.#election.renewDeadlineMs : undefined;
  }

  isProven(): boolean {
    return this.#state === "leading" && this.#clock.monotonic() < this.#renewedAt + this.#election.renewDeadlineMs;
  }

  start(): void {
    if (this.#state !== "new") throw new Error("the election was started already: make a new elector");
    this.#state = "candidate";
    this.#running = this.#run();
  }

  stop({ release = true }: { readonly release?: boolean } = {}): Promise<void> {
    this.#stopping ??= this.#stop(release);
    return this.#stopping;
  }

  checkHealth(): void {
    if (this.#state !== "leading") return;
    const late = this.#clock.monotonic() - this.#renewedAt - this.#election.leaseDurationMs;
    if (late > HEALTH_TOLERANCE_MS)
      throw new Error(
        `the lease was last renewed ${Math.round(late / 1000)} s too long ago: the event loop was blocked`,
      );
  }

  async #stop(release: boolean): Promise<void> {
    const led = this.#state === "leading";
    const mayHold = led || this.#state === "candidate";
    // From here on nothing is proven: the fence closes before the lease is given up.
    if (this.#state !== "lost") this.#state = "stopped";
    const reason = new Error("the election was stopped");
    this.#abort.abort(reason);
    this.#trying?.abort(reason);
    await this.#running;
    if (led) this.#metrics.leading(false);
    if (mayHold && release && this.#election.releaseOnStop && (led || this.#unsure)) await this.#release();
    if (led) this.#tell("stopped leading");
  }

  async #run(): Promise<void> {
    try {
      await this.#acquire();
      await this.#renew();
    } catch (error) {
      // Told to stop: `sleep` and requests end with the signal's reason. Anything else is a defect, and ends leading.
      if (!this.#abort.signal.aborted) this.#lostBecause(`the election failed: ${messageOf(error)}`, error);
    }
  }

  async #acquire(): Promise<void> {
    const { retryPeriodMs } = this.#election;
    this.#log.info({}, "Attempting to acquire leader lease");
    for (let told: string | undefined; ; ) {
      const attempt = await this.#try(retryTimeout(this.#election));
      if (attempt?.type === "held") return this.#lead(attempt);
      if (attempt?.type === "taken" && attempt.holder !== told) {
        told = attempt.holder;
        this.#log.info({ holder: told }, "Another process leads");
      }
      await sleep(this.#clock, retryPeriodMs * (1 + RETRY_JITTER * this.#random()), this.#abort.signal);
    }
  }

  #lead({ lease, sentAt }: Extract<Attempt, { type: "held" }>): void {
    // Asked to stop while the last try was under way: `stop` gives it back.
    if (this.#state !== "candidate") return;
    this.#state = "leading";
    this.#renewedAt = sentAt;
    this.#metrics.leading(true);
    this.#log.info({}, "Successfully acquired lease");
    this.#tell("became leader", lease);
    this.#becomeLeader();
  }

  /** Returns when we do not lead any more. */
  async #renew(): Promise<void> {
    const { renewDeadlineMs, retryPeriodMs } = this.#election;
    const timeoutMs = retryTimeout(this.#election);
    const leftMs = (): number => this.#renewedAt + renewDeadlineMs - this.#clock.monotonic();
    for (let failed = false; this.#state === "leading"; ) {
      // An answer that came when it proved nothing any more is no reason to wait.
      if (failed || this.isProven())
        await sleep(this.#clock, Math.min(retryPeriodMs, Math.max(0, leftMs())), this.#abort.signal);
      if (failed && leftMs() <= 0) return this.#lostBecause(`it could not be renewed for ${renewDeadlineMs} ms`);
      const attempt = await this.#try(leftMs() > 0 ? Math.min(leftMs(), timeoutMs) : timeoutMs);
      if (this.#state !== "leading") return;
      if (attempt?.type === "taken") return this.#lostBecause(`"${attempt.holder}" holds it`);
      failed = attempt?.type !== "held";
      if (attempt?.type === "held") {
        this.#renewedAt = attempt.sentAt;
        if (!attempt.optimistic) this.#metrics.slowPath();
      }
    }
  }

  /** @returns undefined where it is not known how it went */
  async #try(timeoutMs: number): Promise<Attempt | undefined> {
    const trying = new AbortController();
    this.#trying = trying;
    const cancel = this.#clock.setTimer(
      () => trying.abort(new Error(`no answer within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
    try {
      const attempt = await this.#record.attempt(trying.signal);
      this.#unsure = attempt.type === "held";
      return attempt;
    } catch (error) {
      this.#unsure = true;
      if (!this.#abort.signal.aborted) this.#log.warn({ reason: messageOf(error) }, "Lease could not be reached");
      return undefined;
    } finally {
      cancel();
      this.#trying = undefined;
    }
  }

  #lostBecause(why: string, cause?: unknown): void {
    const { namespace, id } = this.#election;
    const led = this.#state === "leading";
    this.#state = "lost";
    this.#metrics.leading(false);
    if (led) this.#tell("stopped leading");
    const message = `leader election lost: lease ${namespace}/${id}: ${why}; end the process, a new one stands for election`;
    const error = new LeadershipLostError(message, cause === undefined ? {} : { cause });
    this.#log.error({ err: error }, "Leader election lost");
    this.#lose(error);
  }

  async #release(): Promise<void> {
    const { renewDeadlineMs } = this.#election;
    const abort = new AbortController();
    const cancel = this.#clock.setTimer(
      () => abort.abort(new Error(`not released within ${renewDeadlineMs} ms`)),
      renewDeadlineMs,
    );
    try {
      while ((await this.#record.release(abort.signal)) === "raced");
    } catch (error) {
      // Others wait until it expires, that is all.
      this.#log.warn({ reason: messageOf(error) }, "Lease was not released");
    } finally {
      cancel();
    }
  }

  #tell(what: string, lease: Stored<Lease> | undefined = this.#record.lease): void {
    if (!lease) return;
    this.#recorder?.event(lease, {
      type: "Normal",
      reason: "LeaderElection",
      message: `${this.#election.identity} ${what}`,
    });
  }
}

/** Half the deadline, so that there is another try. Source: controller-runtime `pkg/leaderelection`. */
const retryTimeout = ({ renewDeadlineMs }: ResolvedElection): number => Math.max(renewDeadlineMs / 2, 1_000);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
