import type { KubeObject, NamespacedName, Resource } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";

/** Tells when an object changes, as far as its watch lasts. */
export interface Changes {
  /** Resolves with the next change. */
  readonly next: () => Promise<void>;
  stop(): void;
}

/** Follows one object by a watch. When the watch ends nothing more is told: who waits looks now and then anyway. */
export function followChanges<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  key: NamespacedName,
): Changes {
  const abort = new AbortController();
  let waiting = Promise.withResolvers<void>();
  const follow = async (): Promise<void> => {
    const events = client.watch(resource, {
      fieldSelector: `metadata.name=${key.name}`,
      ...(key.namespace ? { namespace: key.namespace } : {}),
      signal: abort.signal,
    });
    for await (const _ of events) {
      waiting.resolve();
      waiting = Promise.withResolvers();
    }
  };
  follow().catch(() => {});
  return { next: () => waiting.promise, stop: () => abort.abort() };
}
