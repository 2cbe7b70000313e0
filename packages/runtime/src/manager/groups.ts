import type { Logger } from "../log.ts";
import type { Runnable, RunnableGroup } from "./manager.ts";

interface Member {
  readonly runnable: Runnable;
  readonly abort: AbortController;
  readonly warmupAbort: AbortController;
  /** Undefined: not started. */
  done: Promise<void> | undefined;
  ended: boolean;
}

export interface RunnableGroupsOptions {
  readonly log: Logger;
  /** Called when a runnable fails that nobody told to stop. */
  readonly fail: (error: unknown) => void;
}

/** What runs beside the controllers, by group. A group that has started takes further members, and starts them at once. */
export class RunnableGroups {
  readonly #options: RunnableGroupsOptions;
  readonly #members = new Map<RunnableGroup, Member[]>();
  readonly #started = new Set<RunnableGroup>();
  #warm = false;

  constructor(options: RunnableGroupsOptions) {
    this.#options = options;
  }

  /** @param signal as for {@link start} */
  add(runnable: Runnable, signal: AbortSignal): void {
    const group = runnable.group ?? "leader";
    const member: Member = {
      runnable,
      abort: new AbortController(),
      warmupAbort: new AbortController(),
      done: undefined,
      ended: false,
    };
    this.#of(group).push(member);
    if (this.#warm) this.#warmUp(member);
    if (!this.#started.has(group)) return;
    this.#launch(member);
    // Nothing waits for what comes late, but it must not be less strict for that.
    void this.#whenReady(member, signal).catch((error: unknown) => signal.aborted || this.#options.fail(error));
  }

  /**
   * Starts a group. Resolves when all that it has now are ready.
   * @param signal aborted when the manager stops: nothing is waited for any more
   * @throws where one of them is not
   */
  async start(group: RunnableGroup, signal: AbortSignal): Promise<void> {
    this.#started.add(group);
    const members = [...this.#of(group)];
    for (const member of members) this.#launch(member);
    await untilAborted(Promise.all(members.map((member) => this.#whenReady(member, signal))), signal);
  }

  /** Lets all that will lead prepare for it. Not waited for. */
  warmUp(): void {
    this.#warm = true;
    for (const member of this.#of("leader")) this.#warmUp(member);
  }

  stopWarmups(): void {
    this.#warm = false;
    for (const { warmupAbort } of this.#of("leader")) warmupAbort.abort(stopping());
  }

  /** Ends the group: it takes no members any more. Resolves when all of it have ended. */
  async stop(group: RunnableGroup): Promise<void> {
    this.#started.delete(group);
    const members = this.#of(group);
    for (const { abort } of members) abort.abort(stopping());
    await Promise.all(members.map(({ done }) => done));
  }

  /** Names of what still runs. */
  running(...groups: readonly RunnableGroup[]): string[] {
    const members = groups.flatMap((group) => this.#of(group));
    return members.filter(({ done, ended }) => done && !ended).map(({ runnable }) => runnable.name);
  }

  #of(group: RunnableGroup): Member[] {
    let members = this.#members.get(group);
    if (!members) this.#members.set(group, (members = []));
    return members;
  }

  #launch(member: Member): void {
    const { runnable, abort } = member;
    member.done = (async () => {
      try {
        await runnable.run(abort.signal);
        if (!abort.signal.aborted) this.#options.log.debug({ runnable: runnable.name }, "Runnable has ended");
      } catch (error) {
        this.#failed(runnable, error, abort.signal);
      } finally {
        member.ended = true;
      }
    })();
  }

  #warmUp({ runnable, warmupAbort }: Member): void {
    const warmUp = async (): Promise<void> => {
      await runnable.warmup?.(warmupAbort.signal);
    };
    void warmUp().catch((error: unknown) => this.#failed(runnable, error, warmupAbort.signal));
  }

  #failed({ name }: Runnable, error: unknown, { aborted, reason }: AbortSignal): void {
    // Ending because it was told to is no failure.
    if (!aborted) this.#options.fail(error);
    else if (error !== reason) this.#options.log.warn({ err: error, runnable: name }, "Runnable failed while stopping");
  }

  async #whenReady({ runnable }: Member, signal: AbortSignal): Promise<void> {
    let ready: boolean | void;
    try {
      ready = await runnable.ready?.(signal);
    } catch (error) {
      throw new Error(`runnable "${runnable.name}" is not ready: ${messageOf(error)}`, { cause: error });
    }
    if (ready === false) throw new Error(`runnable "${runnable.name}" is not ready, it says`);
  }
}

/** Settles as the promise does, but resolves at once when the signal is aborted. */
export async function untilAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    promise.catch(() => {});
    return;
  }
  let onAbort = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener("abort", onAbort, { once: true });
  });
  // What fails after that fails because of it.
  const settled = promise.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  try {
    await Promise.race([settled, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const stopping = (): Error => new Error("the manager is stopping");

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
