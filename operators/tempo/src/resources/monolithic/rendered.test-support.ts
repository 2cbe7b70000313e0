import type { ConfigMap, Container, KubeObject, PodSpec, StatefulSet } from "@homeostat/api";
import { isChild } from "@homeostat/runtime";
import type { TempoMonolithicSpec } from "../../api/tempo-monolithic.ts";
import type { S3Params, StorageParams } from "../../storage/params.ts";
import { type Circumstances, monolithicInput } from "../input.test-support.ts";
import { monolithicObjects } from "./monolithic.ts";

/** A spec, and what else is given: storage, gates, secrets. */
export type Given = readonly [
  spec?: TempoMonolithicSpec,
  circumstances?: Circumstances & { readonly storage?: StorageParams },
];

/** The objects of a TempoMonolithic `single` in the namespace `shop`, by `Kind/name`. */
export function rendered(...given: Given): ReadonlyMap<string, KubeObject> {
  const objects = monolithicObjects(monolithicInput(...given)).map((made) => (isChild(made) ? made.object : made));
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata?.name}`, object]));
}

export const idsOf = (...given: Given): readonly string[] => [...rendered(...given).keys()];

/** The StatefulSet, whatever the instance is called. */
export const setOf = (...given: Given): StatefulSet =>
  [...rendered(...given).values()].find(({ kind }) => kind === "StatefulSet") as StatefulSet;

export const podOf = (...given: Given): PodSpec => setOf(...given).spec!.template.spec!;

export const annotationsOf = (...given: Given): Readonly<Record<string, string>> =>
  setOf(...given).spec!.template.metadata!.annotations!;

/** @throws Error where the pod has no such container */
export function containerOf(name: string, ...given: Given): Container {
  const found = podOf(...given).containers.find((container) => container.name === name);
  if (!found) throw new Error(`the pod has no container ${name}`);
  return found;
}

export const tempoYamlOf = (...given: Given): string =>
  (rendered(...given).get("ConfigMap/tempo-single-config") as ConfigMap).data!["tempo.yaml"]!;

export const withJaeger = (jaegerui: Partial<NonNullable<TempoMonolithicSpec["jaegerui"]>> = {}) => ({
  jaegerui: { enabled: true, ...jaegerui },
});

export const oidcTenants = {
  multitenancy: {
    enabled: true,
    mode: "static",
    authentication: [
      {
        tenantName: "dev",
        tenantId: "id-1",
        oidc: {
          secret: { name: "oidc" },
          issuerURL: "https://login.example",
          redirectURL: "https://tempo.example/oidc/dev/callback",
          groupClaim: "groups",
          usernameClaim: "email",
        },
      },
    ],
    authorization: {
      roles: [{ name: "all", permissions: ["read", "write"], resources: ["traces"], tenants: ["dev"] }],
      roleBindings: [{ name: "everyone", roles: ["all"], subjects: [{ kind: "group", name: "team" }] }],
    },
  },
} as const satisfies TempoMonolithicSpec;

export const openshiftTenants = {
  multitenancy: {
    enabled: true,
    mode: "openshift",
    authentication: [
      { tenantName: "dev", tenantId: "id-1" },
      { tenantName: "prod", tenantId: "id-2" },
    ],
  },
} as const satisfies TempoMonolithicSpec;

export const bucket = (backend: "s3" | "azure" | "gcs"): TempoMonolithicSpec => ({
  storage: { traces: { backend, [backend]: { secret: "bucket" } } },
});

export const s3: S3Params = { type: "s3", mode: "static", bucket: "b", endpoint: "minio:9000", isHttps: false };
