import { type ApiError, statusError } from "@homeostat/api";
import type { Engine } from "../registry/engine.ts";

/** How long a version of the future is waited for, in milliseconds. Source: apiserver, `blockTimeout` of its watch cache. */
const patienceMs = 3_000;

/**
 * Waits until the server has reached a version that a client has seen elsewhere. Undefined, without any wait, where it
 * has already: reads are too many for a promise each.
 *
 * @param signal ends the wait at once when the client goes away
 * @returns a promise that rejects with 504 when the version does not come; its cause is what tells clients that the
 * version, and not the server, is at fault. Source: apiserver `NewTooLargeResourceVersionError`
 */
export function awaitRevision(engine: Engine, version: number, signal: AbortSignal): Promise<void> | undefined {
  const { storage } = engine.store;
  if (version <= storage.revision()) return undefined;
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => (): void => {
      unsubscribe();
      cancel();
      signal.removeEventListener("abort", gone);
      settle();
    };
    const late = end(() => reject(tooLarge(version, storage.revision())));
    const reached = end(resolve);
    const gone = end(() => reject(signal.reason));
    const unsubscribe = storage.watch("/", storage.revision(), ({ entry }) => entry.revision >= version && reached());
    const cancel = engine.clock.setTimer(late, patienceMs, { keepAlive: false });
    signal.addEventListener("abort", gone, { once: true });
  });
}

/** The answer to a version that is not there. */
export function tooLarge(version: number, current: number): ApiError {
  return statusError(504, "Timeout", `Too large resource version: ${version}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
