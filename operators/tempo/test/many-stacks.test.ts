import { type Interceptor, isConditionTrue } from "@homeostat/api";
import { expect, it } from "vitest";
import { TempoStack, type TempoStackSpec } from "../src/api/tempo-stack.ts";
import { key, minio, namespace, startWorld, storage, type TempoWorld } from "./world.test-support.ts";

/** Counts of the operator's requests, watches aside. */
function counter() {
  const counts = { writes: 0, reads: 0 };
  const interceptor: Interceptor = (next) => (request) => {
    if (request.method !== "GET") counts.writes++;
    else if (!request.path.includes("watch=")) counts.reads++;
    return next(request);
  };
  return { counts, interceptor };
}

const stackName = (index: number): string => `stack-${index}`;

/** Makes stacks of these numbers at once, and waits until they are ready. */
async function makeStacks({ settle, cluster }: TempoWorld, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++)
    await cluster.client.create(
      TempoStack,
      TempoStack.object({ metadata: key(stackName(index)), spec: { storage } as TempoStackSpec }),
    );
  await settle();
  const { items } = await cluster.client.list(TempoStack, { namespace });
  expect(items.filter(({ status }) => isConditionTrue(status?.conditions, "Ready"))).toHaveLength(to);
}

it("asks no more of the API for a stack among thirty than among ten, and nothing where nothing changes", async () => {
  const { counts, interceptor } = counter();
  // A stack has seven pods, and a node takes 110.
  const world = await startWorld({}, { nodes: 4 });
  await world.stop();
  await world.start({}, { interceptors: [interceptor] });
  await world.secret("minio", minio);
  await world.settle();
  const reconciles = (): number =>
    Array.from({ length: 30 }, (_, index) => world.reconciles(stackName(index))).reduce((sum, each) => sum + each, 0);
  const taken = async (act: () => Promise<void>) => {
    const before = { ...counts, reconciles: reconciles() };
    await act();
    const { writes, reads } = counts;
    return {
      writes: writes - before.writes,
      reads: reads - before.reads,
      reconciles: reconciles() - before.reconciles,
    };
  };

  const ten = await taken(() => makeStacks(world, 0, 10));
  const twentyMore = await taken(() => makeStacks(world, 10, 30));
  expect(ten.writes).toBeGreaterThan(0);
  for (const what of ["writes", "reads"] as const)
    expect(twentyMore[what] / 20, `${what} per stack`).toBeLessThanOrEqual(ten[what] / 10);
  // How many there are is a matter of what comes together; that pods of others wake nobody is not.
  expect(twentyMore.reconciles / 20).toBeLessThan(5);

  const nothing = await taken(async () => {
    for (let index = 0; index < 30; index++)
      world.manager.trigger("tempostack", key(stackName(index)), "looked at again, for the test");
    await world.settle();
  });
  expect(nothing).toEqual({ writes: 0, reads: 0, reconciles: 30 });
}, 120_000);
