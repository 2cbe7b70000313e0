import { createVirtualClock, type VirtualClock } from "@homeostat/api";
import { onTestFinished } from "vitest";
import { createDevCluster, type DevCluster, type DevClusterOptions } from "../create-dev-cluster.ts";

/** Test support: a cluster in virtual time, stopped when the test ends. */
export async function startCluster(
  options: Omit<DevClusterOptions, "clock"> = {},
): Promise<DevCluster & { readonly clock: VirtualClock }> {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ random: () => 0.5, ...options, clock });
  onTestFinished(() => cluster.stop());
  return cluster as DevCluster & { readonly clock: VirtualClock };
}

export const configMap = (name: string, metadata: object = {}, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ...metadata },
  data,
});
