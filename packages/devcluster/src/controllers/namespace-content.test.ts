import { ClusterRole, ConfigMap, Namespace, Secret, ServiceAccount } from "@homeostat/api";
import { expect, test } from "vitest";
import { expectApplied, expectExists, expectGone } from "../kit/expect.ts";
import { startCluster } from "../kit/with-cluster.test-support.ts";
import { aggregatedRules } from "./cluster-role-aggregation.ts";

const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };

test("B254 each namespace gets its ServiceAccount and the certificate authority", async () => {
  const cluster = await startCluster();
  await expectApplied(cluster, shop);
  for (const namespace of ["default", "kube-system", "shop"]) {
    await expectExists(cluster, ServiceAccount, { namespace, name: "default" });
    const published = await expectExists(cluster, ConfigMap, { namespace, name: "kube-root-ca.crt" });
    expect(published.data?.["ca.crt"]).toContain("BEGIN CERTIFICATE");
  }
});

test("B254 the published certificate authority is the one that serves", async () => {
  const cluster = await startCluster();
  const key = { namespace: "default", name: "kube-root-ca.crt" };
  const published = await expectExists(cluster, ConfigMap, key);
  const { certificateAuthority } = await cluster.apiServer.listen();
  expect(published.data?.["ca.crt"]).toBe(certificateAuthority);
});

test("B254 what is deleted or changed of them comes back", async () => {
  const cluster = await startCluster();
  const account = { namespace: "default", name: "default" };
  const authority = { namespace: "default", name: "kube-root-ca.crt" };
  const first = await expectExists(cluster, ServiceAccount, account);
  await expectExists(cluster, ConfigMap, authority);
  await cluster.client.delete(ServiceAccount, account);
  await expectExists(cluster, ServiceAccount, account, ({ metadata }) => metadata.uid !== first.metadata.uid);
  await cluster.client.patchMerge(ConfigMap, authority, { data: { "ca.crt": "forged" } });
  await expectExists(cluster, ConfigMap, authority, ({ data }) => data?.["ca.crt"] !== "forged");
});

test("nothing is made in a namespace that is going", async () => {
  const cluster = await startCluster();
  await expectApplied(cluster, { ...shop, metadata: { name: "shop", finalizers: ["example.com/hold"] } });
  const key = { namespace: "shop", name: "default" };
  await expectExists(cluster, ServiceAccount, key);
  await cluster.client.delete(Namespace, { name: "shop" });
  await expectGone(cluster, ServiceAccount, key);
  await cluster.clock.advance(60_000);
  expect(await cluster.client.find(ServiceAccount, key)).toBeUndefined();
});

test("writes are the controller manager's in managed fields", async () => {
  const cluster = await startCluster();
  const { metadata } = await expectExists(cluster, ServiceAccount, { namespace: "default", name: "default" });
  const managers = metadata.managedFields?.map(({ manager }) => manager) ?? [];
  expect(new Set(managers).size <= 1 && managers.every((manager) => manager === "kube-controller-manager")).toBe(true);
  const published = await expectExists(cluster, ConfigMap, { namespace: "default", name: "kube-root-ca.crt" });
  expect(published.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["kube-controller-manager"]);
});

test("B253 a token Secret is filled, and goes with its ServiceAccount", async () => {
  const cluster = await startCluster();
  const robot = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot", namespace: "default" } };
  const key = { namespace: "default", name: "robot-token" };
  await expectApplied(cluster, robot, {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...key, annotations: { "kubernetes.io/service-account.name": "robot" } },
    type: "kubernetes.io/service-account-token",
  } as never);
  const secret = await expectExists(cluster, Secret, key, ({ data }) => data?.["token"] !== undefined);
  expect(Buffer.from(secret.data?.["namespace"] ?? "", "base64").toString()).toBe("default");
  expect(Buffer.from(secret.data?.["ca.crt"] ?? "", "base64").toString()).toContain("BEGIN CERTIFICATE");
  const token = Buffer.from(secret.data?.["token"] ?? "", "base64").toString();
  const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
  expect(claims.sub).toBe("system:serviceaccount:default:robot");
  await cluster.client.delete(ServiceAccount, { namespace: "default", name: "robot" });
  await expectGone(cluster, Secret, key);
});

test("B242 a ClusterRole that aggregates gets the rules of the roles it selects, and loses them again", async () => {
  const cluster = await startCluster();
  const part = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "widgets-view", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } },
    rules: [{ apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get"] }],
  };
  const has = (role: ClusterRole): boolean => JSON.stringify(role.rules).includes("widgets");
  await expectApplied(cluster, part);
  await expectExists(cluster, ClusterRole, { name: "view" }, has);
  await cluster.client.delete(ClusterRole, { name: "widgets-view" });
  await expectExists(cluster, ClusterRole, { name: "view" }, (role) => !has(role));
});

test("aggregated rules come by name of their roles, each once", () => {
  const role = (name: string, resource: string): ClusterRole => ({
    metadata: { name, labels: { part: "true" } },
    rules: [{ apiGroups: [""], resources: [resource], verbs: ["get"] }],
  });
  const whole: ClusterRole = {
    metadata: { name: "whole", labels: { part: "true" } },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "true" } }] },
    rules: [{ apiGroups: [""], resources: ["old"], verbs: ["get"] }],
  };
  const rules = aggregatedRules(whole, [whole, role("c", "pods"), role("b", "pods"), role("a", "secrets")]);
  expect(rules.map(({ resources }) => resources?.[0])).toEqual(["secrets", "pods"]);
});
