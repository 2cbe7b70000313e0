import { ConfigMap, conditions, createVirtualClock, defineResource, Secret } from "@homeostat/api";
import { createDevCluster, expectApplied, expectCondition, expectGone, installResources } from "@homeostat/devcluster";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { createClient } from "../client/api-client.ts";
import { controllerFor } from "../controller/builder.ts";
import type { ControllerDefinition } from "../controller/definition.ts";
import { deriveRules } from "./derive.ts";
import { recordAccess } from "./record-access.ts";
import { compareRules } from "./rules.ts";
import { checkAccess } from "./self-check.ts";

const Greeting = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Greeting",
  spec: z.object({ message: z.string() }),
  status: z.object({ conditions: conditions().optional() }),
});

const declarative = controllerFor(Greeting).desired({
  children: [ConfigMap],
  desired: ({ metadata, spec }) => [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: metadata.name }, data: { text: spec.message } },
  ],
});

const imperative: ControllerDefinition = {
  ...controllerFor(ConfigMap, { labelSelector: "app=x" })
    .watches(Secret, () => [], { fieldSelector: "metadata.name=tls" })
    .cleanup(async () => {})
    .reconcile(async () => {}),
  access: { rules: [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"] }] },
} as ControllerDefinition;

async function setUp() {
  const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: ["garbage-collector"] });
  onTestFinished(() => cluster.stop());
  await installResources(cluster.client, cluster.clock, [Greeting]);
  return cluster;
}

describe("rules derived from a controller", () => {
  test("are what its watches, finalizers and declarations need, and no more", () => {
    expect(deriveRules([imperative], { leaderElection: { id: "lock" }, metricsAuth: true })).toEqual({
      rules: [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "patch"] },
        { apiGroups: [""], resources: ["secrets"], resourceNames: ["tls"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"] },
        { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
        { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
        { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
      ],
      ownNamespace: [
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
        {
          apiGroups: ["coordination.k8s.io"],
          resources: ["leases"],
          resourceNames: ["lock"],
          verbs: ["get", "update", "patch"],
        },
        { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
      ],
    });
  });

  test("let a declarative operator do its whole work, and what it does not use is named", async () => {
    const cluster = await setUp();
    const { rules } = deriveRules([declarative]);
    const recorder = recordAccess();
    const key = { namespace: "default", name: "hello" };
    await cluster.run(declarative, { name: "greeter", identity: { rules }, interceptors: [recorder.interceptor] });
    const hello = { apiVersion: "example.com/v1", kind: "Greeting", metadata: key, spec: { message: "hi" } };
    await expectApplied(cluster, hello);
    await expectCondition(cluster, Greeting, key, "Ready", "True");
    await cluster.client.delete(Greeting, key);
    await expectGone(cluster, ConfigMap, key);
    const { missing, unused } = compareRules(rules, recorder.accesses);
    expect(missing).toEqual([]);
    // Reads come from the cache, the collector deletes the child; a finalizer is only for children elsewhere.
    expect(unused).toEqual([
      { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "delete"] },
      { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["patch"] },
      { apiGroups: ["example.com"], resources: ["greetings"], verbs: ["patch"] },
      { apiGroups: ["example.com"], resources: ["greetings/finalizers"], verbs: ["update"] },
    ]);
  });

  test("M18 that are missing are named, with the exact rule to add, by asking the API server", async () => {
    const cluster = await setUp();
    const user = { username: "system:serviceaccount:default:greeter", groups: ["system:authenticated"] };
    const client = createClient({ transport: cluster.transport(user), clock: cluster.clock });
    const { rules } = deriveRules([declarative]);
    const missing = await checkAccess({ client, rules });
    expect(missing).toMatchObject([{ namespace: undefined, rules }]);
    const inDemo = await checkAccess({
      client,
      rules: [{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }],
      namespaces: ["demo"],
    });
    expect(inDemo.map(({ message }) => message)).toEqual([
      'permissions are missing: add the rule {apiGroups: [""], resources: ["pods/log"], verbs: ["get"]} to a Role in namespace demo of this service account',
    ]);
    const admin = createClient({ transport: cluster.transport(), clock: cluster.clock });
    expect(await checkAccess({ client: admin, rules })).toEqual([]);
  });
});
