import { ConfigMap, isBeingDeleted, Namespace } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";

/** Name of the ConfigMap by which pods know the API server. */
export const rootCaName = "kube-root-ca.crt";

/**
 * Publishes the certificate authority of the API server in every namespace, and puts right what others change in it.
 * Source: rootcacertpublisher controller.
 *
 * @param certificateAuthority PEM; asked for when it is needed, as making one takes time
 */
export function rootCaPublisher(certificateAuthority: () => string | Promise<string>): ControllerDefinition<Namespace> {
  return clusterController(Namespace, "root-ca-publisher")
    .watches(ConfigMap, ({ metadata }) => [{ name: metadata.namespace! }], {
      fieldSelector: `metadata.name=${rootCaName}`,
    })
    .reconcile(async ({ object, client }) => {
      if (isBeingDeleted(object)) return;
      const key = { namespace: object.metadata.name, name: rootCaName };
      const data = { "ca.crt": await certificateAuthority() };
      const existing = await client.find(ConfigMap, key, { from: "live" });
      if (!existing) {
        await client.create(ConfigMap, { metadata: { ...key, annotations: { [descriptionKey]: description } }, data });
      } else if (JSON.stringify(existing.data) !== JSON.stringify(data)) {
        await client.update(ConfigMap, { ...existing, data });
      }
    });
}

const descriptionKey = "kubernetes.io/description";
const description =
  "Holds the certificate authority by which clients in the cluster can trust the API server. Written by the cluster: changes are undone.";
