import { Ingress, IngressClass, isBeingDeleted } from "@homeostat/api";
import type { ControllerDefinition } from "@homeostat/runtime";
import { semanticallyEqual } from "../workloads/equality.ts";
import { clusterController } from "./cluster-controller.ts";

export interface IngressOptions {
  /** Address ingresses get; nothing answers there. */
  readonly ip?: string;
  /** Host name they get, instead of an address or beside it. */
  readonly hostname?: string;
  /** Classes it looks after. Default: those that are marked as the default, and ingresses without a class. */
  readonly classes?: readonly string[];
  /** How long an ingress waits for its address, in milliseconds. Default 0. */
  readonly delayMs?: number;
}

const defaultAnnotation = "ingressclass.kubernetes.io/is-default-class";
const classAnnotation = "kubernetes.io/ingress.class";

/**
 * Gives ingresses an address, as an ingress controller would that people install. A cluster has none by itself, so this
 * one runs only where it is asked for.
 */
export function ingressAddresses(options: IngressOptions): ControllerDefinition<Ingress> {
  const { ip, hostname, delayMs = 0 } = options;
  const ingress = [{ ...(ip === undefined ? {} : { ip }), ...(hostname === undefined ? {} : { hostname }) }];
  return clusterController(Ingress, "ingress-addresses")
    .watches(IngressClass, (_, cache) =>
      [...(cache.store(Ingress)?.entries() ?? [])].map(({ metadata }) => ({
        namespace: metadata.namespace!,
        name: metadata.name,
      })),
    )
    .reconcile(async ({ object, client, clock }) => {
      if (isBeingDeleted(object)) return {};
      const { items } = await client.list(IngressClass);
      const defaults = items.filter(({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true");
      const ours = options.classes ?? defaults.map(({ metadata }) => metadata.name);
      const name = object.spec?.ingressClassName ?? object.metadata.annotations?.[classAnnotation];
      if (name === undefined ? options.classes !== undefined : !ours.includes(name)) return {};
      const waitedMs = clock.now() - Date.parse(object.metadata.creationTimestamp ?? "");
      if (waitedMs < delayMs) return { requeueAfterMs: delayMs - waitedMs };
      const status = { loadBalancer: { ingress } };
      if (!semanticallyEqual(object.status, status)) await client.status.update(Ingress, { ...object, status });
      return {};
    });
}
