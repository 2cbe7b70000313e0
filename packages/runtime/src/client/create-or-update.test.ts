import { ConfigMap, createVirtualClock, Deployment, type KubeObject } from "@homeostat/api";
import { createDevCluster } from "@homeostat/devcluster";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Client } from "./client.ts";
import { createOrPatch, createOrUpdate } from "./create-or-update.ts";

async function setUp() {
  const cluster = await createDevCluster({ clock: createVirtualClock(), controllers: "none" });
  onTestFinished(() => cluster.stop());
  const writes: string[] = [];
  const counted = new Proxy(cluster.client, {
    get(client, name: keyof Client) {
      const member = client[name];
      if (typeof member !== "function" || ["get", "find", "list", "watch"].includes(name)) return member;
      return (...given: unknown[]) => {
        writes.push(name);
        return (member as (...given: unknown[]) => unknown).apply(client, given);
      };
    },
  });
  return { client: counted, writes };
}

const key = { namespace: "default", name: "settings" };
const container = { name: "app", image: "app:1" };

/** What a person would write: the server adds much to it. */
function deploy(object: KubeObject & { spec?: unknown }, replicas: number): void {
  object.spec ??= {
    selector: { matchLabels: { app: "a" } },
    template: { metadata: { labels: { app: "a" } }, spec: { containers: [container] } },
  };
  (object.spec as { replicas?: number }).replicas = replicas;
}

describe("createOrUpdate", () => {
  test("U01 creates what is absent, updates what differs, and writes nothing where all is as it should be", async () => {
    const { client, writes } = await setUp();
    const mutate = (value: string) => (object: { data?: Record<string, string> }) => {
      object.data = { ...object.data, value };
    };
    expect(await createOrUpdate(client, ConfigMap, key, mutate("1"))).toMatchObject({ result: "created" });
    expect(await createOrUpdate(client, ConfigMap, key, mutate("1"))).toMatchObject({ result: "unchanged" });
    expect(writes).toEqual(["create"]);
    const { result, object } = await createOrUpdate(client, ConfigMap, key, mutate("2"));
    expect(result).toBe("updated");
    expect(object.data).toEqual({ value: "2" });
    expect((await client.get(ConfigMap, key)).data).toEqual({ value: "2" });
  });

  test("U01 takes a returned object as well as a changed one", async () => {
    const { client } = await setUp();
    await createOrUpdate(client, ConfigMap, key, (object) => ({ ...object, data: { a: "1" } }));
    expect((await client.get(ConfigMap, key)).data).toEqual({ a: "1" });
  });

  test("U02 refuses a mutation of name or namespace, and writes nothing when reading or the mutation fails", async () => {
    const { client, writes } = await setUp();
    const rename = createOrUpdate(client, ConfigMap, key, (object) => void (object.metadata!.name = "other"));
    await expect(rename).rejects.toThrow(
      "ConfigMap default/settings: mutate made it default/other; it may change everything but name and namespace",
    );
    const move = createOrPatch(client, ConfigMap, key, (object) => void (object.metadata!.namespace = "kube-system"));
    await expect(move).rejects.toThrow("mutate made it kube-system/settings");
    const failing = { ...client, find: () => Promise.reject(new Error("connection refused")) } as unknown as Client;
    await expect(createOrUpdate(failing, ConfigMap, key, () => {})).rejects.toThrow("connection refused");
    const broken = createOrUpdate(client, ConfigMap, key, () => Promise.reject(new Error("no")));
    await expect(broken).rejects.toThrow("no");
    expect(writes).toEqual([]);
  });

  test("U01 leaves what the server defaulted alone", async () => {
    const { client, writes } = await setUp();
    await createOrUpdate(client, Deployment, key, (object) => deploy(object, 2));
    expect(await createOrUpdate(client, Deployment, key, (object) => deploy(object, 2))).toMatchObject({
      result: "unchanged",
    });
    expect(writes).toEqual(["create"]);
  });
});

describe("createOrPatch", () => {
  test("U03 patches object and status apart, each only where it differs, and says which", async () => {
    const { client } = await setUp();
    const run = (replicas: number, ready: number) =>
      createOrPatch(client, Deployment, key, (object) => {
        deploy(object, replicas);
        object.status = { ...object.status, replicas: ready, readyReplicas: ready };
      });
    const created = await run(2, 0);
    expect(created.result).toBe("created");
    expect(await run(2, 1)).toMatchObject({ result: "updatedStatusOnly", object: { status: { readyReplicas: 1 } } });
    expect((await client.get(Deployment, key)).metadata.generation).toBe(1);
    expect(await run(3, 1)).toMatchObject({ result: "updated", object: { spec: { replicas: 3 } } });
    expect(await run(4, 2)).toMatchObject({ result: "updatedStatus" });
    expect(await client.get(Deployment, key)).toMatchObject({ spec: { replicas: 4 }, status: { readyReplicas: 2 } });
    expect(await run(4, 2)).toMatchObject({ result: "unchanged" });
  });

  test("U03 writes the status of what it creates", async () => {
    const { client } = await setUp();
    const { object } = await createOrPatch(client, Deployment, key, (draft) => {
      deploy(draft, 1);
      draft.status = { replicas: 1, readyReplicas: 1 };
    });
    expect(object.status).toMatchObject({ readyReplicas: 1 });
  });

  test("U03 removes by patch what the mutation takes away", async () => {
    const { client } = await setUp();
    await client.create(ConfigMap, { metadata: key, data: { a: "1", b: "2" } });
    const { object } = await createOrPatch(client, ConfigMap, key, (draft) => void delete draft.data!["a"]);
    expect(object.data).toEqual({ b: "2" });
  });
});
