import { createVirtualClock, type KubeObject } from "@homeostat/api";
import { createDevCluster, type DevCluster, expectApplied } from "@homeostat/devcluster";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openshiftSettings } from "../src/index.ts";
import {
  bucket,
  type Given,
  oidcTenants,
  openshiftTenants,
  rendered,
  s3,
  withJaeger,
} from "../src/resources/monolithic/rendered.test-support.ts";

const certificate = { enabled: true, tls: { enabled: true, certName: "cert", caName: "ca" } };

/** Each with what it does not share with the others. */
const instances: readonly (readonly [string, Given])[] = [
  ["nothing said", []],
  [
    "a volume, placed",
    [
      {
        storage: { traces: { backend: "pv", size: "1Gi", storageClassName: "ssd" } },
        nodeSelector: { disk: "ssd" },
        tolerations: [{ key: "k", operator: "Exists", effect: "NoSchedule" }],
        affinity: { nodeAffinity: {} },
        podSecurityContext: { runAsUser: 7 },
        resources: { limits: { memory: "1Gi" }, requests: { cpu: "100m" } },
        env: [{ name: "A", value: "1" }],
        envFrom: [{ configMapRef: { name: "more" } }],
      },
      { storage: { type: "pv" } },
    ],
  ],
  ["keys of S3", [{ ...bucket("s3"), ...withJaeger({ ingress: { enabled: true } }) }, { storage: s3 }]],
  [
    "OpenShift's credentials",
    [
      { ...bucket("s3"), ...withJaeger({ route: { enabled: true } }) },
      { storage: { ...s3, mode: "token-cco", region: "eu" }, settings: { ...openshiftSettings, roleArn: "arn:r" } },
    ],
  ],
  [
    "tokens of Azure",
    [bucket("azure"), { storage: { type: "azure", mode: "token", container: "c", accountName: "a", audience: "api" } }],
  ],
  [
    "tokens of Google",
    [bucket("gcs"), { storage: { type: "gcs", mode: "token", bucket: "b", audience: "openshift" } }],
  ],
  ["receivers with certificates", [{ ingestion: { otlp: { grpc: certificate, http: certificate } } }]],
  ["OIDC", [{ ...oidcTenants, ...withJaeger({ ingress: { enabled: true, host: "ui.example" } }) }]],
  ["tenants of OpenShift", [{ ...openshiftTenants, ...withJaeger() }, { settings: openshiftSettings }]],
];

describe("an API server", () => {
  let cluster: DevCluster;
  beforeAll(async () => {
    cluster = await createDevCluster({ clock: createVirtualClock(), random: () => 0.5, controllers: "none" });
  });
  afterAll(() => cluster.stop());

  /** Of kinds that every cluster has. */
  const ours = (given: Given, name: string): readonly KubeObject[] => {
    const [spec, circumstances] = given;
    const objects = [...rendered(spec, { ...circumstances, name }).values()];
    return objects
      .filter(({ apiVersion }) => !/openshift|monitoring|grafana/.test(apiVersion ?? ""))
      .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: "default" } }));
  };

  it.each(instances.map(([title, given], at) => [title, given, at] as const))(
    "3.15: takes the objects of a TempoMonolithic: %s",
    async (_, given, at) => {
      const objects = ours(given, `mono-${at}`);
      const first = await expectApplied(cluster, ...objects);
      const second = await expectApplied(cluster, ...objects);
      expect(first.length).toBeGreaterThanOrEqual(4);
      expect(second.map(({ metadata }) => metadata.resourceVersion)).toEqual(
        first.map(({ metadata }) => metadata.resourceVersion),
      );
    },
  );
});
