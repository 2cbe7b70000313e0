import { Node, Pod } from "@homeostat/api";
import { type ControllerDefinition, controllerFor } from "@homeostat/runtime";
import { zoneAnnotation, zoneAwareLabel, zoneKeysAnnotation } from "../resources/pod/zones.ts";

/**
 * Tells pods of stacks with replication zones where they run: once a pod has a node, the node's labels become an
 * annotation that the pod's containers wait for.
 */
export function zoneController(): ControllerDefinition<Pod> {
  return controllerFor(Pod, {
    name: "tempostack-zoneaware-pod",
    labelSelector: `${zoneAwareLabel}=enabled`,
    pausePrefix: "tempo.grafana.com",
    access: {
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["patch"] },
        { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
      ],
    },
  })
    .withPredicates()
    .reconcile(async ({ object, client, signal }) => {
      const { metadata, spec } = object;
      const known = metadata.annotations?.[zoneAnnotation];
      if (!spec?.nodeName || known || metadata.deletionTimestamp !== undefined) return;
      const keys = metadata.annotations?.[zoneKeysAnnotation]?.split(",").filter((key) => key !== "") ?? [];
      if (keys.length === 0)
        throw new Error(
          `pod ${metadata.name} is zone-aware, but its annotation ${zoneKeysAnnotation} names no label of nodes: its TempoStack writes it`,
        );
      const node = await client.get(Node, { name: spec.nodeName }, { signal });
      const values = keys.map((key) => {
        const value = node.metadata.labels?.[key];
        if (value) return value;
        throw new Error(
          `node ${spec.nodeName} of pod ${metadata.name} has no label ${key}: label it, or take the key out of spec.replicationZones`,
        );
      });
      await client.patchMerge(Pod, metadata, { metadata: { annotations: { [zoneAnnotation]: values.join("_") } } });
    });
}
