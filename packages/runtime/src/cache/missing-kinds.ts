import { isForbidden, isNotFound, isUnauthorized, type Resource } from "@homeostat/api";
import type { Cache } from "./cache.ts";

/** Tells when a kind that the server does not serve may have appeared: by its definition, where that may be watched. */
export interface MissingKinds {
  /** Undefined for kinds that no definition makes. See `ReflectorOptions.untilServed`. */
  untilServed(resource: Resource): ((signal: AbortSignal) => Promise<void>) | undefined;
  /** A list or watch failed. */
  failed(resource: Resource, error: unknown): void;
}

const group = "apiextensions.k8s.io";

const CustomResourceDefinition: Resource = {
  group,
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  singular: "customresourcedefinition",
  listKind: "CustomResourceDefinitionList",
  scope: "Cluster",
};

/** @param cache made later: it needs this one first */
export function watchMissingKinds(cache: () => Pick<Cache, "watch">): MissingKinds {
  const waiting = new Set<(error: unknown) => void>();
  // Once refused, polling does.
  let refusal: unknown;

  return {
    untilServed(resource) {
      // Groups of built-in kinds have no dot, or are served whenever their server is up.
      if (!resource.group.includes(".") || resource.group === group) return undefined;
      return async (signal) => {
        if (refusal !== undefined) throw refusal;
        const seen = Promise.withResolvers<void>();
        waiting.add(seen.reject);
        const watch = cache().watch(CustomResourceDefinition, {
          name: `${resource.plural}.${resource.group}`,
          labelSelector: "",
          fieldSelector: "",
          metadataOnly: true,
          handler: (event) => {
            if (event.type !== "deleted") seen.resolve();
          },
        });
        const onAbort = (): void => seen.resolve();
        signal.addEventListener("abort", onAbort, { once: true });
        try {
          if (!signal.aborted) await seen.promise;
        } finally {
          signal.removeEventListener("abort", onAbort);
          waiting.delete(seen.reject);
          watch.stop();
        }
      };
    },
    failed(resource, error) {
      if (resource.group !== group || !(isForbidden(error) || isUnauthorized(error) || isNotFound(error))) return;
      refusal = error;
      for (const reject of [...waiting]) reject(error);
    },
  };
}
