import type { KubeObject } from "@homeostat/api";
import type { Cache } from "../cache/cache.ts";
import { objectKey } from "../controller/event-handler.ts";
import type { ReconcileContext } from "../controller/reconciler.ts";
import type { Source } from "../controller/source.ts";
import type { DaemonDefinition } from "./daemon.ts";
import { DaemonRunner } from "./daemon-runner.ts";

/** A daemon as a source of its controller: it joins the watch of the controller's own kind. */
export interface DaemonSource<T extends KubeObject> extends Source {
  /**
   * Cancels the object's daemon and waits for it: before a cleanup, which must not meet it.
   * @throws when the reconcile's time is over before
   */
  end(context: ReconcileContext<T>): Promise<void>;
}

/** Runs started with the same value, in different managers, share nothing: each has a cache of its own. */
export function daemonSource<T extends KubeObject>(definition: DaemonDefinition<T>): DaemonSource<T> {
  const runners = new WeakMap<Cache, DaemonRunner<T>>();
  return {
    name: definition.name,
    start(sink, signal, context) {
      if (signal.aborted) return;
      runners.set(context.cache, new DaemonRunner(definition, sink, signal, context));
    },
    async end({ object, cache, signal }) {
      const done = runners.get(cache)?.end(objectKey(object.metadata));
      if (!done) return;
      const late = new Error(
        `daemon "${definition.name}" of ${objectKey(object.metadata)} is still running: it should end when its signal is aborted`,
      );
      await new Promise<void>((resolve, reject) => {
        const onAbort = (): void => reject(late);
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        done.then(() => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        });
      });
    },
  };
}
