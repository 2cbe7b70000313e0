import { isConflict, type KubeObject } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { verdictOfError } from "../status/conditions.ts";

/** Has what keeps an instance from being reconciled told in an event, too: people look there first. */
export function withErrorEvents<T extends KubeObject>(definition: ControllerDefinition<T>): ControllerDefinition<T> {
  return {
    ...definition,
    async reconcile(context) {
      try {
        return await definition.reconcile(context);
      } catch (error) {
        // Conflicts pass by themselves, and one who is stopped has not failed.
        if (!isConflict(error) && !context.signal.aborted) {
          const { reason, message } = verdictOfError(error);
          // An upgrade that failed has told of that itself, with what to do.
          if (reason !== "FailedUpgrade") context.events.warning(reason, message);
        }
        throw error;
      }
    },
  };
}
