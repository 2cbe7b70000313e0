import { type Clock, type Interceptor, sleep } from "@homeostat/api";

/** How long requests may follow each other before everything else gets its turn, in milliseconds. */
const sliceMs = 10;

/**
 * Gives way now and then. Requests to a server in this process need neither timers nor sockets, so a controller that
 * never rests would keep signals, kubectl and the screen waiting forever.
 */
export function takeTurns(clock: Clock): Interceptor {
  let sliceBegan = clock.monotonic();
  return (next) => async (request) => {
    if (clock.monotonic() - sliceBegan > sliceMs) {
      await sleep(clock, 0);
      sliceBegan = clock.monotonic();
    }
    return next(request);
  };
}
