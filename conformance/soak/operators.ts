import { ConfigMap, defineResource, type KubeObject, type ObjectOf, Secret } from "@homeostat/api";
import { type ControllerDefinition, controllerFor } from "@homeostat/runtime";
import { z } from "zod";

/** What the soak's controllers look after: a ConfigMap each, and a record in a system outside the cluster. */
export const Site = defineResource({
  group: "soak.example.com",
  version: "v1",
  kind: "Site",
  spec: z.object({ text: z.string() }),
  status: z.object({ phase: z.string().optional(), observedGeneration: z.int().optional() }),
});
export type Site = ObjectOf<typeof Site>;

/** What every controller knows at last of each object, as a model checks it. */
export interface Seen {
  /** Outside the cluster, by uid: made by a controller with a finalizer, and taken away by it. */
  readonly records: Map<string, string>;
  /** By controller and key: the text it reconciled last. */
  readonly texts: Map<string, Map<string, string>>;
}

export function createSeen(): Seen {
  return { records: new Map(), texts: new Map() };
}

function note({ texts }: Seen, controller: string, key: string, text: string): void {
  const known = texts.get(controller) ?? new Map<string, string>();
  known.set(key, text);
  texts.set(controller, known);
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata?.namespace}/${metadata?.name}`;

/** The declarative one, with children. */
export const declaring = (seen: Seen): ControllerDefinition<Site> =>
  controllerFor(Site, { name: "declaring" }).desired({
    children: [ConfigMap],
    desired: ({ metadata, spec }) => {
      note(seen, "declaring", `${metadata.namespace}/${metadata.name}`, spec.text);
      const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: metadata.name }, data: { text: spec.text } };
      return [map as KubeObject];
    },
    status: (_, { ready }) => ({ phase: ready ? "Ready" : "Pending" }),
  });

/**
 * The imperative one, with a finalizer. It asks the server before it writes outside the cluster: the cache of a new
 * leader may be behind, and hold an object that its predecessor has cleaned up. No lock of the API guards such writes.
 */
export const recording = (seen: Seen): ControllerDefinition<Site> =>
  controllerFor(Site, { name: "recording", concurrency: 4 })
    .cleanup(async ({ object }) => {
      seen.records.delete(object.metadata.uid);
    })
    .reconcile(async ({ object, client }) => {
      const live = await client.find(Site, object.metadata, { from: "live" });
      if (live?.metadata.uid !== object.metadata.uid || live.metadata.deletionTimestamp !== undefined) return;
      seen.records.set(object.metadata.uid, object.spec.text);
      note(seen, "recording", keyOf(object), object.spec.text);
    });

/** Which ConfigMap the controllers below look at by its name. */
export const settings = { namespace: "team-a", name: "settings" };

/** Follows one object by its name, and tells all Sites of its namespace. */
export const settled = (seen: Seen): ControllerDefinition<Site> =>
  controllerFor(Site, { name: "settled", namespace: settings.namespace })
    .watches(
      ConfigMap,
      (_, cache) => {
        const sites = cache.store(Site, { namespace: settings.namespace })?.entries() ?? [];
        return [...sites].map(({ metadata: { name, namespace } }) => ({ name, ...(namespace ? { namespace } : {}) }));
      },
      settings,
    )
    .reconcile(async ({ object, client }) => {
      const map = await client.find(ConfigMap, settings);
      note(seen, "settled", keyOf(object), `${object.spec.text} ${map?.data?.["text"]}`);
    });

/** Looks at nothing but metadata. */
export const glancing = (seen: Seen): ControllerDefinition =>
  controllerFor(ConfigMap, { name: "glancing", metadataOnly: true, labelSelector: "mirror=yes" })
    .withPredicates()
    .reconcile(async ({ object }) => {
      note(seen, "glancing", keyOf(object), object.metadata?.annotations?.["text"] ?? "");
    });

/** Spread over replicas: writes for each marked ConfigMap a Secret, and notes who did. */
export const mirroring = (seen: Seen): ControllerDefinition<ConfigMap> =>
  controllerFor(ConfigMap, { name: "mirroring", labelSelector: "mirror=yes", concurrency: 2 })
    .owns(Secret)
    .reconcile(async ({ object, client }) => {
      const { name, namespace, uid } = object.metadata;
      const text = object.metadata.annotations?.["text"] ?? "";
      const owner = { apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true };
      const metadata = { name: `${name}-mirror`, namespace: namespace!, ownerReferences: [owner] };
      await client.apply(Secret, { metadata, stringData: { text } } as Secret);
      note(seen, "mirroring", keyOf(object), text);
    });
