import { definition } from "../api/objects.ts";

export const group = "properties.example.com";

const text = { type: "string" };
/** A kind without defaults, whose fields are merged in all ways there are. */
export const thing = definition(group, {
  plural: "things",
  kind: "Thing",
  versions: [
    {
      name: "v1",
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            spec: {
              type: "object",
              properties: {
                a: text,
                b: text,
                keep: text,
                c: { type: "object", properties: { d: text, e: text } },
                whole: { type: "object", additionalProperties: text, "x-kubernetes-map-type": "atomic" },
                tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
                items: {
                  type: "array",
                  items: { type: "object", required: ["name"], properties: { name: text, value: text } },
                  "x-kubernetes-list-type": "map",
                  "x-kubernetes-list-map-keys": ["name"],
                },
              },
            },
          },
        },
      },
    },
  ],
});
