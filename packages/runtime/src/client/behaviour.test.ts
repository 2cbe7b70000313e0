import {
  CertificateSigningRequest,
  ConfigMap,
  Deployment,
  ignoreNotFound,
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  type KubeObject,
  Namespace,
  Pod,
  ServiceAccount,
  type Stored,
} from "@homeostat/api";
import { expect, it } from "vitest";
import { createClient } from "./api-client.ts";
import type { Client, ListOptions } from "./client.ts";
import { metadataOf } from "./metadata-of.ts";
import { listAll } from "./paging.ts";
import { patch } from "./patch.ts";
import { overBoth } from "./targets.test-support.ts";

/** A certificate signing request in PEM: only its form is looked at here. */
const signingRequest = Buffer.from(
  "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
).toString("base64");

const configMap = (namespace: string, name: string, labels: Record<string, string> = {}): ConfigMap => ({
  metadata: { namespace, name, labels },
  data: { a: "1" },
});
const deployment = (namespace: string, name: string): Deployment => ({
  metadata: { namespace, name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
});
const pod = (namespace: string, name: string): Pod => ({
  metadata: { namespace, name, labels: { app: name } },
  spec: { containers: [{ name: "c", image: "i" }] },
});
const names = ({ items }: { readonly items: readonly Stored[] }): string[] =>
  items.map(({ metadata }) => metadata.name).sort();
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

overBoth("a client", (world) => {
  const newClient = (): Client => createClient({ transport: world.shared, userAgent: "tests" });

  it("K02 says AlreadyExists and NotFound, of which ignoreNotFound swallows the latter only", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    await client.create(ConfigMap, configMap(namespace, "a"));
    const exists = await failure(client.create(ConfigMap, configMap(namespace, "a")));
    expect(exists).toSatisfy(isAlreadyExists);
    expect(await failure(ignoreNotFound(client.create(ConfigMap, configMap(namespace, "a"))))).toSatisfy(
      isAlreadyExists,
    );
    const key = { namespace, name: "none" };
    expect(await failure(client.get(ConfigMap, key))).toSatisfy(isNotFound);
    expect(await ignoreNotFound(client.get(ConfigMap, key))).toBeUndefined();
    expect(await client.find(ConfigMap, key)).toBeUndefined();
    expect(await ignoreNotFound(client.delete(ConfigMap, key))).toBeUndefined();
  });

  it("K03 refuses an update of a version that is not the newest", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const old = await client.create(ConfigMap, configMap(namespace, "a"));
    await client.update(ConfigMap, { ...old, data: { a: "2" } });
    expect(await failure(client.update(ConfigMap, { ...old, data: { a: "3" } }))).toSatisfy(isConflict);
    expect((await client.get(ConfigMap, { namespace, name: "a" })).data).toEqual({ a: "2" });
  });

  it("K04 refuses a merge patch under an optimistic lock when the object has changed", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const old = await client.create(ConfigMap, configMap(namespace, "a"));
    await client.patchMerge(ConfigMap, { namespace, name: "a" }, { data: { b: "2" } });
    const { resourceVersion } = old.metadata;
    const stale = { metadata: { resourceVersion }, data: { c: "3" } };
    expect(
      await failure(client.patchMerge(ConfigMap, { namespace, name: "a" }, stale, { optimisticLock: true })),
    ).toSatisfy(isConflict);
    const change = (draft: { data?: Record<string, string> }): void => {
      draft.data = { ...draft.data, c: "3" };
    };
    expect(await failure(patch(client, ConfigMap, old, change, { optimisticLock: true }))).toSatisfy(isConflict);
    // Without the lock only what was changed is sent, and another's change stays.
    expect((await patch(client, ConfigMap, old, change)).data).toEqual({ a: "1", b: "2", c: "3" });
  });

  it("K04 sends no lock without a version", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const old = await client.create(ConfigMap, configMap(namespace, "a"));
    const without = { ...old, metadata: { ...old.metadata, resourceVersion: "" } };
    const change = (draft: { data?: Record<string, string> }): void => {
      draft.data = { z: "1" };
    };
    await expect(patch(client, ConfigMap, without, change, { optimisticLock: true })).rejects.toThrow(
      "needs metadata.resourceVersion",
    );
    await expect(
      client.patchMerge(ConfigMap, { namespace, name: "a" }, { data: { z: "1" } }, { optimisticLock: true }),
    ).rejects.toThrow("needs metadata.resourceVersion");
    expect((await client.get(ConfigMap, { namespace, name: "a" })).data).toEqual({ a: "1" });
  });

  it("K05 changes only the status by status, and all but the status by the rest", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const made = await client.create(Deployment, deployment(namespace, "a"));
    const written = await client.status.update(Deployment, {
      ...made,
      spec: { ...made.spec!, replicas: 5 },
      status: { replicas: 3 },
    });
    expect([written.spec?.replicas, written.status?.replicas]).toEqual([1, 3]);
    const updated = await client.update(Deployment, {
      ...written,
      spec: { ...made.spec!, replicas: 5 },
      status: { replicas: 9 },
    });
    expect([updated.spec?.replicas, updated.status?.replicas]).toEqual([5, 3]);
    const patched = await patch(client.status, Deployment, updated, (draft) => {
      draft.status = { ...draft.status, readyReplicas: 2 };
      draft.spec!.replicas = 7;
    });
    expect([patched.spec?.replicas, patched.status?.replicas, patched.status?.readyReplicas]).toEqual([5, 3, 2]);
  });

  it("K06 stores nothing in a dry run and shows what would be", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const shown = await client.create(ConfigMap, configMap(namespace, "a"), { dryRun: true });
    expect(shown.metadata.uid).toBeTruthy();
    expect(await client.find(ConfigMap, { namespace, name: "a" })).toBeUndefined();
    await client.create(ConfigMap, configMap(namespace, "b"));
    const key = { namespace, name: "b" };
    expect((await client.patchMerge(ConfigMap, key, { data: { a: "2" } }, { dryRun: true })).data).toEqual({ a: "2" });
    await client.delete(ConfigMap, key, { dryRun: true });
    await client.deleteAll(ConfigMap, { namespace, dryRun: true });
    expect((await client.get(ConfigMap, key)).data).toEqual({ a: "1" });
  });

  it("K08 applies as somebody, and takes another's fields over only by force", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const wanted = configMap(namespace, "a");
    await expect(client.apply(ConfigMap, wanted, { fieldManager: "" })).rejects.toThrow('fieldManager ""');
    await client.apply(ConfigMap, wanted, { fieldManager: "one" });
    const other = { ...wanted, data: { a: "2" } };
    const refused = await failure(client.apply(ConfigMap, other, { fieldManager: "two" }));
    expect(refused).toSatisfy(isConflict);
    expect(String(refused)).toContain('"one"');
    const taken = await client.apply(ConfigMap, other, { fieldManager: "two", force: true });
    expect(taken.data).toEqual({ a: "2" });
    const owners = taken.metadata.managedFields?.filter(({ fieldsV1 }) => "f:data" in (fieldsV1 ?? {}));
    expect(owners?.map(({ manager }) => manager)).toEqual(["two"]);
  });

  it("K10 deletes only the object and version that were meant", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const { metadata } = await client.create(ConfigMap, configMap(namespace, "a"));
    const remove = (preconditions: { uid?: string; resourceVersion?: string }): Promise<unknown> =>
      client.delete(ConfigMap, { namespace, name: "a" }, { preconditions });
    expect(await failure(remove({ uid: "another" }))).toSatisfy(isConflict);
    expect(await failure(remove({ uid: metadata.uid, resourceVersion: "1" }))).toSatisfy(isConflict);
    await remove({ uid: metadata.uid, resourceVersion: metadata.resourceVersion });
    expect(await client.find(ConfigMap, { namespace, name: "a" })).toBeUndefined();
  });

  it("K11 deletes all with the labels, in one namespace", async () => {
    const client = newClient();
    const [here, there] = [await world.namespace(), await world.namespace()];
    await client.create(ConfigMap, configMap(here, "a", { app: "x" }));
    await client.create(ConfigMap, configMap(here, "b", { app: "y" }));
    await client.create(ConfigMap, configMap(there, "a", { app: "x" }));
    await client.deleteAll(ConfigMap, { namespace: here, labelSelector: { app: "x" } });
    expect(names(await client.list(ConfigMap, { namespace: here }))).toEqual(["b"]);
    expect(names(await client.list(ConfigMap, { namespace: there }))).toEqual(["a"]);
    await expect(client.deleteAll(ConfigMap, { labelSelector: { app: "x" } })).rejects.toThrow("namespace is missing");
    expect(names(await client.list(ConfigMap, { namespace: there }))).toEqual(["a"]);
  });

  it("K12 reads and writes scale", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    await client.create(Deployment, deployment(namespace, "a"));
    const key = { namespace, name: "a" };
    const scale = await client.scale.get(Deployment, key);
    expect([scale.kind, scale.spec?.replicas]).toEqual(["Scale", 1]);
    expect((await client.scale.set(Deployment, key, 3)).spec?.replicas).toBe(3);
    const subresource = client.subresource("scale");
    const stale = await failure(
      subresource.update<KubeObject>(Deployment, { ...scale, spec: { replicas: 9 } } as KubeObject),
    );
    expect(stale).toSatisfy(isConflict);
    const now = await client.scale.get(Deployment, key);
    await subresource.update<KubeObject>(Deployment, { ...now, spec: { replicas: 4 } } as KubeObject);
    expect((await client.get(Deployment, key)).spec?.replicas).toBe(4);
    await subresource.patchMerge(Deployment, key, { spec: { replicas: 5 } });
    expect((await client.get(Deployment, key)).spec?.replicas).toBe(5);
    await subresource.patchJson(Deployment, key, [{ op: "replace", path: "/spec/replicas", value: 6 }]);
    expect((await client.get(Deployment, key)).spec?.replicas).toBe(6);
  });

  it("K12 binds, evicts, and makes tokens by POST", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const key = { namespace, name: "a" };
    await client.create(Pod, pod(namespace, "a"));
    const binding = {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "a" },
      target: { kind: "Node", name: "n1" },
    };
    await client.subresource("binding").create(Pod, key, binding);
    expect((await client.get(Pod, key)).spec?.nodeName).toBe("n1");
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" } };
    await client.subresource("eviction").create(Pod, key, eviction);
    const evicted = await client.find(Pod, key);
    expect(evicted === undefined || evicted.metadata.deletionTimestamp !== undefined).toBe(true);
    await client.create(ServiceAccount, { metadata: { namespace, name: "robot" } });
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: [] } };
    const answer: typeof request & { status?: { token?: string } } = await client
      .subresource("token")
      .create(ServiceAccount, { namespace, name: "robot" }, request);
    expect(answer.status?.token?.split(".")).toHaveLength(3);
  });

  it("K12 approves certificate requests by the approval subresource", async () => {
    const client = newClient();
    const name = "request";
    const made = await client.create(CertificateSigningRequest, {
      metadata: { name },
      spec: { request: signingRequest, signerName: "example.com/signer", usages: ["client auth"] },
    });
    const approved = await client.subresource("approval").update(CertificateSigningRequest, {
      ...made,
      status: { conditions: [{ type: "Approved", status: "True", reason: "Tests", message: "may be" }] },
    });
    expect(approved.status?.conditions?.map(({ type }) => type)).toEqual(["Approved"]);
    expect((await client.subresource("approval").get(CertificateSigningRequest, { name })).status).toEqual(
      approved.status,
    );
  });

  it("K14 matches nothing where a selector is null", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    await client.create(ConfigMap, configMap(namespace, "a", { app: "x" }));
    const selectors: ListOptions[] = [{ labelSelector: null }, { fieldSelector: null }];
    for (const selector of selectors) {
      expect((await client.list(ConfigMap, { namespace, ...selector })).items).toEqual([]);
      await client.deleteAll(ConfigMap, { namespace, ...selector });
      const told: unknown[] = [];
      for await (const event of client.watch(ConfigMap, { namespace, labelSelector: null })) told.push(event);
      expect(told).toEqual([]);
    }
    // What is missing by mistake must not delete everything.
    const missing = undefined as string | undefined;
    await expect(client.deleteAll(ConfigMap, { namespace, labelSelector: missing })).rejects.toThrow(
      "pass null for none",
    );
    expect(names(await client.list(ConfigMap, { namespace, labelSelector: {} }))).toEqual(["a"]);
    expect(names(await client.list(ConfigMap, { namespace, fieldSelector: { "metadata.name": "a" } }))).toEqual(["a"]);
    const expressions = { matchExpressions: [{ key: "app", operator: "In" as const, values: ["x", "y"] }] };
    expect(names(await client.list(ConfigMap, { namespace, labelSelector: expressions }))).toEqual(["a"]);
    expect(names(await client.list(ConfigMap, { namespace, labelSelector: { matchLabels: { app: "z" } } }))).toEqual(
      [],
    );
  });

  it("K15 reads, patches and deletes metadata alone, and refuses to create and update", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const made = await client.create(ConfigMap, configMap(namespace, "a"));
    const meta = metadataOf(ConfigMap);
    const key = { namespace, name: "a" };
    const { apiVersion, kind, metadata } = made;
    expect(await client.get(meta, key)).toEqual({ apiVersion, kind, metadata });
    expect((await client.list(meta, { namespace, labelSelector: {} })).items).toContainEqual({
      apiVersion,
      kind,
      metadata,
    });
    const partial = { metadata: { namespace, name: "a" } };
    await expect(client.create(meta, partial)).rejects.toThrow("use patchMerge");
    await expect(client.update(meta, partial)).rejects.toThrow("use patchMerge");
    const patched = await client.patchMerge(meta, key, { metadata: { labels: { seen: "yes" } } });
    expect(Object.keys(patched).sort()).toEqual(["apiVersion", "kind", "metadata"]);
    expect(patched.metadata.labels).toEqual({ seen: "yes" });
    const signal = AbortSignal.timeout(60_000);
    for await (const event of client.watch(meta, { namespace, sendInitialEvents: true, signal })) {
      expect(event).toMatchObject({ type: "ADDED", object: { apiVersion: "v1", kind: "ConfigMap" } });
      expect(Object.keys(event.object).sort()).toEqual(["apiVersion", "kind", "metadata"]);
      break;
    }
    expect((await client.get(ConfigMap, key)).data).toEqual({ a: "1" });
    await client.delete(meta, key);
    expect(await client.find(meta, key)).toBeUndefined();
  });

  it("K17 walks the pages of a list, which together are the whole of one moment", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const wanted = Array.from({ length: 7 }, (_, at) => `c${at}`);
    for (const name of wanted) await client.create(ConfigMap, configMap(namespace, name));
    const first = await client.list(ConfigMap, { namespace, limit: 3 });
    expect([first.items.length, first.remainingItemCount, first.continue === undefined]).toEqual([3, 4, false]);
    const found: string[] = [];
    for await (const { metadata } of listAll(client, ConfigMap, { namespace, limit: 3 })) {
      // What comes after the first page belongs to a later moment.
      if (found.length === 0) await client.create(ConfigMap, configMap(namespace, "zz-late"));
      found.push(metadata.name);
    }
    expect(found).toEqual(wanted);
  });

  it("K26 gives every object its kind and version, also within lists", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const made = await client.create(ConfigMap, configMap(namespace, "a"));
    const got = await client.get(ConfigMap, { namespace, name: "a" });
    const { items } = await client.list(ConfigMap, { namespace });
    expect([made.apiVersion, made.kind]).toEqual(["v1", "ConfigMap"]);
    expect(got).toEqual(made);
    expect(items.find(({ metadata }) => metadata.name === "a")).toEqual(made);
  });

  it("keeps errors of validation apart", async () => {
    const client = newClient();
    expect(await failure(client.create(Namespace, { metadata: { name: "Not_A_Name" } }))).toSatisfy(isInvalid);
  });
});
