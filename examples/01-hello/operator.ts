import { ConfigMap, defineResource } from "@homeostat/api";
import { controllerFor, createManager, type ManagerOptions } from "@homeostat/runtime";
import { z } from "zod";

export const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ message: z.string(), loud: z.boolean().default(false) }),
  status: z.object({ configMap: z.string().optional() }),
});

export const greetings = controllerFor(Greeting).desired({
  children: [ConfigMap],
  desired: ({ metadata, spec }) => [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: metadata.name },
      data: { text: spec.loud ? spec.message.toUpperCase() : spec.message },
    },
  ],
  status: ({ metadata }) => ({ configMap: metadata.name }),
});

export async function run(options?: ManagerOptions) {
  const manager = createManager(options); // the cluster of your kubeconfig, unless told otherwise
  manager.add(greetings);
  await manager.start();
  return manager;
}
