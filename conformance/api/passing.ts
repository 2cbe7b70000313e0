import type { World } from "./suite.ts";

type Timed = Pick<World, "target" | "api" | "ours">;

/** Lets time pass on a server of ours. @returns what the promise has come to by then, if it has come to something */
export async function passing<T>(world: Timed, ms: number, promise: Promise<T>): Promise<T | undefined> {
  let result: T | undefined;
  promise.then(
    (value) => {
      result = value;
    },
    () => undefined,
  );
  // What was sent before is at the server when this has its answer, and its timers are set.
  await world.api.get("/version");
  await world.target.advance(ms);
  await world.api.get("/version");
  return result;
}

/** What the promise comes to, with as much time as it takes; only servers of ours must be told. */
export async function inTime<T>(world: Timed, promise: Promise<T>, limitMs = 60_000): Promise<T> {
  let settled = !world.ours;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let passed = 0; !settled && passed < limitMs; passed += 500) await passing(world, 500, promise);
  return promise;
}
