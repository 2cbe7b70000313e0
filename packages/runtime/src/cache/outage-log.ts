import { ApiError, type Clock, isExpired } from "@homeostat/api";
import type { Logger } from "../log.ts";

/**
 * Says once what keeps a list or watch from working, and once that it works again: a server that is gone for an hour
 * costs two lines, not one for each attempt. Failures to reach the server at all are one trouble, and so are refusals
 * for one reason, however their words change from attempt to attempt.
 */
export interface OutageLog {
  failed(error: unknown): void;
  /** A watch was opened: it works if it lasts. @returns to be called when it ends */
  opened(): () => void;
  works(): void;
}

/** A watch that ends sooner has not worked. */
const lastingMs = 1000;

export function createOutageLog(log: Logger, clock: Clock, path: string): OutageLog {
  let trouble: string | undefined;
  const works = (): void => {
    if (trouble !== undefined) log.info({ path }, "Watch works again");
    trouble = undefined;
  };
  return {
    failed(error) {
      const message = String((error as Error)?.message ?? error);
      const fields = { path, error: message };
      if (isExpired(error)) {
        log.debug(fields, "Watched version is no longer kept, listing again");
        return;
      }
      if (error instanceof ApiError && error.code === 404) {
        if (trouble !== error.reason) log.info(fields, "Kind is not served, waiting until it is");
        trouble = error.reason;
        return;
      }
      const next = isUnreachable(error) ? "unreachable" : error instanceof ApiError ? error.reason : message;
      if (next === trouble) log.debug(fields, "List or watch still fails");
      else if (next === "unreachable") log.warn(fields, "Server cannot be reached, trying again");
      else log.warn(fields, "List or watch failed, trying again");
      trouble = next;
    },
    opened: () => (trouble === undefined ? () => {} : clock.setTimer(works, lastingMs, { keepAlive: false })),
    works,
  };
}

/** Whether the connection could not be made, or broke: such errors carry a code, the system's or ours. */
function isUnreachable(error: unknown): boolean {
  return !(error instanceof ApiError) && typeof (error as { readonly code?: unknown } | undefined)?.code === "string";
}
