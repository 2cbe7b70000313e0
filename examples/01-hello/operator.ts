import { ConfigMap, conditions, defineResource, objectOf } from "@homeostat/api";
import { controllerFor, runOperator } from "@homeostat/runtime";
import { z } from "zod";

export const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ message: z.string() }),
  status: z.object({ configMap: z.string().optional(), conditions: conditions().optional() }),
});

const greetings = controllerFor(Greeting).desired({
  children: [ConfigMap],
  desired: ({ metadata: { name }, spec }) => [
    objectOf(ConfigMap, { metadata: { name }, data: { text: spec.message } }),
  ],
  status: ({ metadata }) => ({ configMap: metadata.name }),
});

export const operator = { name: "greeter", resources: [Greeting], controllers: [greetings] };
if (import.meta.main) await runOperator(operator); // `node operator.ts manifests` prints what deploys it
