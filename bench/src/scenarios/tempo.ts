import { type Child, startChild } from "../child.ts";
import type { Figures, Scenario, Subject } from "../scenario.ts";

/**
 * A thousand TempoStacks in one cluster: what a stack costs among so many, beside what it costs among a tenth of them,
 * and beside its objects in a cluster without the operator. Each world is a process of its own. Filling one takes
 * minutes, so it is measured once, and every round tells the same; a pass over all and repairs are measured each round.
 */
export const tempo: Scenario = {
  name: "tempo",
  about: "1,000 TempoStacks in one cluster, until all are ready, looked at again, and repaired",
  async open({ scale }) {
    const count = Math.max(10, Math.ceil(1_000 * scale));
    const few = Math.ceil(count / 10);
    const worlds = [
      createWorld(`${count} stacks`, count, 1, "operator"),
      createWorld(`${count} stacks in ${few} namespaces`, count, few, "operator"),
      createWorld(`${few} stacks`, few, 1, "operator"),
      createWorld(`the objects of ${few} stacks, no operator`, few, 1, "hand"),
    ];
    const [many, spread, tenth, hand] = worlds as [World, World, World, World];
    const subjects = (act: (world: World) => Promise<Figures>, beside: readonly World[]): Subject[] => [
      { name: many.name, role: "ours", round: () => act(many) },
      { name: spread.name, role: "ours", round: () => act(spread) },
      ...beside.map((world): Subject => ({ name: world.name, role: "beside", round: () => act(world) })),
    ];
    const calls = [
      { name: "reconciles a stack", unit: "count" },
      { name: "writes a stack", unit: "count" },
      { name: "reads a stack", unit: "count" },
    ] as const;
    const times = [
      { name: "ms a stack", unit: "ms" },
      { name: "processor a stack", unit: "ms" },
    ] as const;
    return {
      comparisons: [
        {
          title: "made at once, until all are ready (server, cluster and operator in one process)",
          metrics: [
            ...times,
            ...calls,
            { name: "most reconciles", unit: "count" },
            { name: "resident before", unit: "MB" },
            { name: "resident", unit: "MB" },
            { name: "resident a stack", unit: "MB" },
          ],
          subjects: subjects((world) => world.filled(), [tenth, hand]),
        },
        {
          title: "every stack looked at again: nothing has changed, nothing is written",
          metrics: [...times, ...calls],
          subjects: subjects((world) => world.ask("pass"), [tenth]),
        },
        {
          title: "a Service is deleted, until it is there again",
          metrics: [
            { name: "p50", unit: "ms" },
            { name: "p99", unit: "ms" },
          ],
          subjects: subjects((world) => world.ask("repair"), [tenth]),
        },
      ],
      async [Symbol.asyncDispose]() {
        for (const world of worlds) await world.stop();
      },
    };
  },
};

interface World {
  readonly name: string;
  /** Starts it where it was not. */
  filled(): Promise<Figures>;
  ask(question: "pass" | "repair"): Promise<Figures>;
  stop(): Promise<void>;
}

function createWorld(name: string, count: number, namespaces: number, by: "operator" | "hand"): World {
  let started: Promise<{ readonly child: Child; readonly figures: Figures }> | undefined;
  const start = async () => {
    const child = await startChild("tempo-stacks", { arguments: [String(count), String(namespaces), by] });
    return { child, figures: (await child.ask("fill")) as Figures };
  };
  return {
    name,
    filled: async () => (await (started ??= start())).figures,
    ask: async (question) => (await (await (started ??= start())).child.ask(question)) as Figures,
    stop: async () => (await started)?.child[Symbol.asyncDispose](),
  };
}
