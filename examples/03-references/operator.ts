// A Website runs a Deployment that reads a Secret somebody else keeps. `references` finds, by an index, which Websites a
// changed Secret concerns, and a hash of its content in the pod template makes the pods start anew with it.
import { createHash } from "node:crypto";
import { conditionColumn, conditions, Deployment, defineResource, Secret } from "@homeostat/api";
import { controllerFor, reference, runOperator } from "@homeostat/runtime";
import { z } from "zod";

export const Website = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Website",
  spec: z.object({ image: z.string(), secretName: z.string() }),
  status: z.object({ conditions: conditions().optional() }),
  printerColumns: [conditionColumn("Ready")],
});

const websites = controllerFor(Website).desired({
  children: [Deployment],
  references: [reference(Secret, ({ spec }) => spec.secretName, { required: true })],
  inputs: async ({ object: { metadata, spec }, client }) => {
    const { data } = await client.get(Secret, { namespace: metadata.namespace!, name: spec.secretName });
    return createHash("sha256")
      .update(JSON.stringify(data ?? {}))
      .digest("hex");
  },
  desired: ({ metadata: { name }, spec: { image, secretName } }, hash) => [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: {
        selector: { matchLabels: { website: name } },
        template: {
          metadata: { labels: { website: name }, annotations: { "example.com/secret-hash": hash } },
          spec: { containers: [{ name: "web", image, envFrom: [{ secretRef: { name: secretName } }] }] },
        },
      },
    },
  ],
});

export const operator = { name: "websites", resources: [Website], controllers: [websites] };
if (import.meta.main) await runOperator(operator);
