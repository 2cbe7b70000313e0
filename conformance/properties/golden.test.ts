import { createVirtualClock, type JsonObject } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { factsFolder, type GoldenPair, goldenPairs, hasFacts } from "../../packages/apiserver/generate/facts.ts";
import { type Api, apiOf } from "../api/client.ts";
import { giveMeaning, lost, repair } from "./repair.ts";

const folder = factsFolder();
const pairs = goldenPairs(folder);

describe.skipIf(!hasFacts(folder))(
  "an object of every kind with all of its fields (skipped without the type facts and their golden folders)",
  () => {
    let server: ApiServer;
    let api: Api;
    /** `apps/v1 Deployment` → where it is made. */
    const collections = new Map<string, string>();

    beforeAll(async () => {
      server = await createApiServer({ clock: createVirtualClock(), authorization: "AlwaysAllow" });
      api = apiOf(server.transport());
      const groups = (await api.get("/apis")).body.groups as { versions: { groupVersion: string }[] }[];
      const versions = groups.flatMap(({ versions: all }) => all.map(({ groupVersion }) => groupVersion));
      for (const version of ["v1", ...versions]) {
        const base = version === "v1" ? "/api/v1" : `/apis/${version}`;
        for (const resource of (await api.get(base)).body.resources) {
          if (resource.name.includes("/") || !resource.verbs.includes("create") || !resource.verbs.includes("get"))
            continue;
          const at = resource.namespaced ? `${base}/namespaces/default` : base;
          collections.set(`${version} ${resource.kind}`, `${at}/${resource.name}`);
        }
      }
    });
    afterAll(() => server?.stop());

    test("finds fixtures of most kinds that can be made", () => {
      const known = new Set(pairs.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`));
      const without = [...collections.keys()].filter((kind) => !known.has(kind));
      expect(without).toEqual(["apiregistration.k8s.io/v1 APIService"]);
      expect(collections.size).toBeGreaterThan(50);
    });

    test.for(pairs.map((pair) => [pair.name, pair] as const))(
      "%s: one answer in JSON and protobuf; kept as sent",
      async ([, pair]) => {
        const collection = collections.get(`${pair.apiVersion} ${pair.kind}`);
        // Versions and kinds that this server does not store.
        if (!collection) return;
        const inJson = await api.post(collection, pair.json);
        const inProtobuf = await api.post(collection, pair.protobuf, {
          "content-type": "application/vnd.kubernetes.protobuf",
        });
        expect(inProtobuf.text).toBe(inJson.text);
        await expectKept(collection, pair);
      },
    );

    async function expectKept(collection: string, pair: GoldenPair): Promise<void> {
      const object = JSON.parse(pair.json) as JsonObject & { metadata: JsonObject };
      const { labels, annotations } = object.metadata;
      Object.assign(object, { metadata: { name: "golden", labels, annotations } });
      giveMeaning(object);
      contradictions[pair.kind]?.(object);
      const tried = new Map<string, number>();
      for (let attempt = 0; attempt < 60; attempt++) {
        const { status, body, text } = await api.post(collection, object);
        if (status === 201) {
          const { body: got } = await api.get(`${collection}/${body.metadata.name}`);
          await api.delete(`${collection}/${body.metadata.name}`, { gracePeriodSeconds: 0 });
          const differing = lost(object, got).filter((path) => !isServers(pair.kind, path));
          expect(differing, JSON.stringify(object).slice(0, 3000)).toEqual([]);
          return;
        }
        const causes = body.details?.causes ?? [];
        if (status !== 422 || !repair(object, causes, tried)) throw new Error(`cannot be made: ${text.slice(0, 1500)}`);
      }
      throw new Error("cannot be made in 60 attempts");
    }
  },
);

/** What the server decides and no client: statuses, and by kind what is cleaned or only written. */
const isServers = (kind: string, path: string): boolean =>
  // The old name of serviceAccountName, which it follows.
  path.startsWith(".status") ||
  path.endsWith(".spec.serviceAccount") ||
  servers[kind]?.some((start) => path.startsWith(start)) === true;

const servers: Readonly<Record<string, readonly string[]>> = {
  // Who asks for a certificate is who sends the request.
  CertificateSigningRequest: [".spec.username", ".spec.uid", ".spec.groups", ".spec.extra"],
  // Written here, read in data.
  Secret: [".stringData"],
  // Of references to secrets only names are kept.
  ServiceAccount: [".secrets[]."],
};

/** Fields that exclude each other, where the answer does not tell which of them is to go. */
// biome-ignore lint/suspicious/noExplicitAny: objects of every kind
const contradictions: Readonly<Record<string, (object: any) => void>> = {
  Pod: ({ spec }) => {
    delete spec.priority;
    delete spec.runtimeClassName;
    delete spec.preemptionPolicy;
    delete spec.overhead;
    delete spec.ephemeralContainers;
  },
  Job: ({ spec }) => {
    spec.template.spec.restartPolicy = "Never";
  },
  CronJob: ({ spec }) => {
    spec.jobTemplate.spec.template.spec.restartPolicy = "Never";
  },
  PersistentVolumeClaim: ({ spec }) => {
    spec.resources = { requests: { storage: "1Gi" }, limits: { storage: "2Gi" } };
  },
  ReplicationController: ({ spec }) => {
    spec.selector = { labelsKey: "labelsValue" };
  },
  Service: ({ spec }) => {
    spec.type = "ClusterIP";
    for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "externalName", "loadBalancerIP"]) delete spec[field];
    for (const port of spec.ports) delete port.nodePort;
  },
  Ingress: ({ spec }) => {
    delete spec.defaultBackend.resource;
    delete spec.defaultBackend.service.port.name;
    for (const { http } of spec.rules) {
      for (const one of http.paths) {
        delete one.backend.resource;
        delete one.backend.service.port.name;
        one.pathType = "Prefix";
      }
    }
  },
  // A schema that uses every keyword at once means nothing: what is kept of it, definitions' own suites say.
  CustomResourceDefinition: (object) => {
    const { spec } = object;
    Object.assign(spec, { group: "golden.example.com", scope: "Namespaced" });
    delete spec.preserveUnknownFields;
    Object.assign(spec.names, { plural: "goldens", singular: "golden", kind: "Golden", listKind: "GoldenList" });
    Object.assign(spec.names, { shortNames: ["gl"], categories: ["golden"] });
    object.metadata.name = "goldens.golden.example.com";
    delete spec.conversion;
    for (const version of spec.versions) {
      Object.assign(version, {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object" } },
      });
      for (const field of ["subresources", "selectableFields", "deprecationWarning"]) delete version[field];
      version.additionalPrinterColumns = [{ name: "A", type: "string", jsonPath: ".spec.a", priority: 1 }];
    }
  },
};
