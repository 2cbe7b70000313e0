import type { Interceptor, Transport, VirtualClock } from "@homeostat/api";
import {
  type ControllerDefinition,
  createManager,
  createSharder,
  type Logger,
  type Manager,
  type ManagerOptions,
} from "@homeostat/runtime";
import { type JumpingClock, jumpingClock, Line } from "./disturbances.ts";

/** A manager as a process of its own: its clock, its line, and it is started anew whenever it has ended. */
export class Process {
  readonly name: string;
  readonly clock: JumpingClock;
  readonly line: Line;
  manager: Manager;
  /** How many managers were started. */
  starts = 0;
  readonly ends: string[] = [];
  #wanted = true;
  readonly #make: () => Manager;

  constructor(options: {
    readonly name: string;
    readonly shared: VirtualClock;
    readonly transport: Transport;
    readonly interceptors: readonly Interceptor[];
    readonly random: () => number;
    readonly log: Logger;
    // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
    readonly controllers: () => readonly ControllerDefinition<any>[];
    readonly manager?: (identity: string) => ManagerOptions;
  }) {
    const { name, shared, transport, interceptors, random, log } = options;
    this.name = name;
    this.clock = jumpingClock(shared);
    this.line = new Line(transport);
    this.#make = () => {
      const manager = createManager({
        name,
        transport: this.line.transport,
        clock: this.clock,
        interceptors,
        random,
        log,
        ...options.manager?.(`${name}-${this.starts}`),
      });
      for (const definition of options.controllers()) manager.add(definition);
      return manager;
    };
    this.manager = this.#start();
  }

  /** Ends this manager; the next one takes its place. */
  async restart(): Promise<void> {
    await this.manager.stop().catch(() => {});
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await this.manager.stop().catch(() => {});
  }

  #start(): Manager {
    this.starts++;
    const manager = this.#make();
    manager.start().catch(() => {});
    manager.ended
      .catch((error: unknown) => void this.ends.push(String(error)))
      .then(() => {
        if (this.#wanted) this.manager = this.#start();
      });
    return manager;
  }
}

export const elected = (identity: string): ManagerOptions => ({
  leaderElection: { id: "soak", namespace: "default", identity },
});

export const sharded = (identity: string): ManagerOptions => ({
  shard: (parts) => createSharder({ group: "soak", namespace: "default", identity, ...parts }),
});
