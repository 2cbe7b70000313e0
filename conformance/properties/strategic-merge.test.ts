import { createVirtualClock, type JsonObject } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, apiOf } from "../api/client.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { type Shape, strategicDiff } from "./strategic-diff.ts";

const seeds = Array.from({ length: 150 }, (_, index) => index + 1);
const deployments = "/apis/apps/v1/namespaces/default/deployments";

const map: Shape = { how: "map" };
const items = (key: string, fields: Readonly<Record<string, Shape>> = {}): Shape => ({
  how: "items",
  key,
  item: { how: "map", fields },
});
const container = { env: items("name"), ports: items("containerPort"), volumeMounts: items("mountPath") };
/** How the fields below are merged: by patchStrategy and patchMergeKey of Kubernetes' types. */
const deployment: Shape = {
  how: "map",
  fields: {
    metadata: { how: "map", fields: { labels: map, annotations: map, finalizers: { how: "set" } } },
    spec: {
      how: "map",
      fields: {
        strategy: { how: "map", fields: { rollingUpdate: map }, retainKeys: true },
        template: {
          how: "map",
          fields: {
            metadata: { how: "map", fields: { annotations: map } },
            spec: {
              how: "map",
              fields: {
                containers: items("name", container),
                initContainers: items("name", container),
                volumes: {
                  how: "items",
                  key: "name",
                  item: { how: "map", fields: { emptyDir: map }, retainKeys: true },
                },
                hostAliases: items("ip"),
                imagePullSecrets: items("name"),
                nodeSelector: map,
                securityContext: map,
              },
            },
          },
        },
      },
    },
  },
};

describe("random strategic merges", () => {
  let server: ApiServer;
  let api: Api;
  beforeAll(async () => {
    server = await createApiServer({ clock: createVirtualClock() });
    api = apiOf(server.transport());
  });
  afterAll(() => server.stop());

  test.for(seeds)("make of one object the other they were computed from, with seed %i", async (seed) => {
    const random = seededRandom(seed);
    let present = randomDeployment(random);
    await api.make(deployments, withName(present, `d${seed}`));
    for (let step = 0; step < 3; step++) {
      const wanted = randomDeployment(random);
      const patch = strategicDiff(present, wanted, deployment, random);
      const answer = await api.patch(`${deployments}/d${seed}`, patch, "strategic");
      expect(answer.status, answer.text).toBe(200);
      const fresh = await api.make(`${deployments}?dryRun=All`, withName(wanted, `fresh-${seed}`));
      expect(content(answer.body), JSON.stringify(patch)).toEqual(content(fresh));
      present = wanted;
    }
  });
});

const withName = (object: JsonObject, name: string): JsonObject => ({
  ...object,
  metadata: { ...(object["metadata"] as JsonObject), name },
});

// biome-ignore lint/suspicious/noExplicitAny: an object as the server answers it
const content = ({ metadata: { labels, annotations, finalizers }, spec }: any): unknown => ({
  labels: labels ?? {},
  annotations: annotations ?? {},
  finalizers: finalizers ?? [],
  spec,
});

const names = ["a", "b", "c", "d"];

function some<T>(random: Random, make: (name: string) => T): T[] {
  const chosen = names.filter(() => random.chance(0.5)).map(make);
  return random.chance(0.5) ? chosen.reverse() : chosen;
}

const texts = (random: Random): Record<string, string> =>
  Object.fromEntries(some(random, (name) => [name, random.pick(names)]));

/** A list, or nothing where it would be empty: an empty one is not stored. */
const list = (name: string, values: unknown[]): object => (values.length === 0 ? {} : { [name]: values });

function randomDeployment(random: Random): JsonObject {
  const volumes = some(random, (name) => ({ name, emptyDir: random.chance(0.5) ? {} : { medium: "Memory" } }));
  const containers = some(random, (name) => randomContainer(`c-${name}`, volumes, random));
  if (containers.length === 0) containers.push(randomContainer("c-a", volumes, random));
  const labels = { ...texts(random) };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      labels,
      annotations: texts(random),
      ...list(
        "finalizers",
        some(random, (name) => `example.com/${name}`),
      ),
    },
    spec: {
      replicas: random.below(4),
      selector: { matchLabels: { app: "x" } },
      strategy: random.chance(0.5)
        ? { type: "Recreate" }
        : { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 + random.below(3), maxUnavailable: random.below(3) } },
      template: {
        metadata: { labels: { app: "x" }, annotations: texts(random) },
        spec: {
          containers,
          ...list(
            "initContainers",
            some(random, (name) => randomContainer(`i-${name}`, volumes, random)),
          ),
          ...list("volumes", volumes),
          ...list(
            "hostAliases",
            some(random, (name) => ({ ip: `10.0.0.${name.charCodeAt(0)}`, hostnames: [name] })),
          ),
          ...list(
            "imagePullSecrets",
            some(random, (name) => ({ name })),
          ),
          ...list(
            "tolerations",
            some(random, (key) => ({ key, operator: "Exists" })),
          ),
          nodeSelector: { fixed: "yes", ...texts(random) },
        },
      },
    },
  } as unknown as JsonObject;
}

function randomContainer(name: string, volumes: readonly { name: string }[], random: Random): object {
  return {
    name,
    image: `image:${1 + random.below(3)}`,
    ...list(
      "args",
      some(random, (arg) => arg),
    ),
    ...list(
      "env",
      some(random, (key) => ({ name: key.toUpperCase(), value: random.pick(names) })),
    ),
    ...list(
      "ports",
      some(random, (port) => ({ containerPort: 1000 + port.charCodeAt(0), name: `p${port}` })),
    ),
    ...list(
      "volumeMounts",
      volumes.filter(() => random.chance(0.5)).map((volume) => ({ name: volume.name, mountPath: `/${volume.name}` })),
    ),
  };
}
