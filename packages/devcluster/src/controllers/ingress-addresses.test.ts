import { Ingress, IngressClass, type KubeObject } from "@homeostat/api";
import { describe, expect, test } from "vitest";
import { expectApplied, expectExists } from "../kit/expect.ts";
import { startCluster } from "../kit/with-cluster.test-support.ts";

const key = { namespace: "default", name: "web" };
const backend = { service: { name: "web", port: { number: 80 } } };
const ingress = (name: string, ingressClassName?: string): KubeObject =>
  ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace: "default", name },
    spec: { defaultBackend: backend, ...(ingressClassName === undefined ? {} : { ingressClassName }) },
  }) as KubeObject;

describe("addresses of ingresses", () => {
  test("are given after a while to those of the default class", async () => {
    const cluster = await startCluster({ ingress: { ip: "203.0.113.7", delayMs: 30_000 } });
    const annotations = { "ingressclass.kubernetes.io/is-default-class": "true" };
    const spec = { controller: "example.com/ingress" };
    await cluster.client.create(IngressClass, { metadata: { name: "main", annotations }, spec });
    await cluster.client.create(IngressClass, { metadata: { name: "side" }, spec });
    await expectApplied(cluster, ingress("web"), ingress("other", "side"));
    await cluster.clock.advance(29_000);
    expect((await cluster.client.get(Ingress, key)).status?.loadBalancer?.ingress).toBeUndefined();
    await expectExists(cluster, Ingress, key, ({ spec, status }) => {
      const [first] = status?.loadBalancer?.ingress ?? [];
      return spec?.ingressClassName === "main" && first?.ip === "203.0.113.7";
    });
    const other = await cluster.client.get(Ingress, { ...key, name: "other" });
    expect(other.status?.loadBalancer?.ingress).toBeUndefined();
  });

  test("are not given unless that is asked for", async () => {
    const cluster = await startCluster();
    await expectApplied(cluster, ingress("web"));
    await cluster.clock.advance(60_000);
    expect((await cluster.client.get(Ingress, key)).status?.loadBalancer?.ingress).toBeUndefined();
  });
});
