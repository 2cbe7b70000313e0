import type { ConfigMap, Stored } from "@homeostat/api";
import type { WebApp } from "../api.ts";

/** Name of the ConfigMap of a WebApp. */
export const configMapName = (name: string): string => `${name}-config`;

export function configMap(app: Stored<WebApp>): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: configMapName(app.metadata.name), labels: { "app.kubernetes.io/managed-by": "webapp-operator" } },
    data: { message: app.spec.message },
  };
}
