import { isAlreadyExists, isBeingDeleted, Namespace, ServiceAccount } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { clusterController } from "./cluster-controller.ts";

/** Sees to it that every namespace has its `default` ServiceAccount. Source: serviceaccounts controller. */
export function serviceAccounts(): ControllerDefinition<Namespace> {
  return clusterController(Namespace, "serviceaccount")
    .watches(ServiceAccount, ({ metadata }) => (metadata.name === "default" ? [{ name: metadata.namespace! }] : []), {
      metadataOnly: true,
    })
    .reconcile(async ({ object, client }) => {
      // A namespace that is going takes nothing new.
      if (isBeingDeleted(object)) return;
      const key = { namespace: object.metadata.name, name: "default" };
      if (await client.find(ServiceAccount, key)) return;
      try {
        await client.create(ServiceAccount, { metadata: key });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    });
}
