import {
  ApiError,
  ConfigMap,
  Deployment,
  isBadRequest,
  isNotFound,
  type KubeObject,
  Namespace,
  Pod,
  type Stored,
} from "@homeostat/api";
import { expect, it } from "vitest";
import { createClient } from "./api-client.ts";
import type { Client } from "./client.ts";
import { dryRunClient } from "./dry-run-client.ts";
import { interceptClient } from "./intercept-client.ts";
import { namespacedClient } from "./namespaced-client.ts";
import { overBoth } from "./targets.test-support.ts";
import type { ServerWarning } from "./warnings.ts";
import { withFieldManager } from "./with-field-manager.ts";
import { withFieldValidation } from "./with-field-validation.ts";

const deployment = (name: string, namespace?: string): Deployment => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
});
const managers = ({ metadata }: Stored): string[] => [
  ...new Set((metadata.managedFields ?? []).map(({ manager = "" }) => manager)),
];

overBoth("wrapped clients", (world) => {
  const newClient = (): Client => createClient({ transport: world.shared, userAgent: "tests", fieldManager: "base" });

  it("K06 store nothing when all is a dry run, by any verb and subresource", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const dry = dryRunClient(client);
    const key = { namespace, name: "a" };
    const before = await client.create(Deployment, deployment("a", namespace));
    expect((await dry.create(Deployment, deployment("b", namespace))).metadata.uid).toBeTruthy();
    expect(
      (await dry.update(Deployment, { ...before, metadata: { ...before.metadata, labels: { x: "1" } } })).metadata
        .labels,
    ).toEqual({ x: "1" });
    expect((await dry.patchMerge(Deployment, key, { spec: { replicas: 4 } }, { dryRun: false })).spec?.replicas).toBe(
      4,
    );
    await dry.patchStrategic(Deployment, key, { spec: { replicas: 4 } });
    await dry.patchJson(Deployment, key, [{ op: "replace", path: "/spec/replicas", value: 4 }]);
    await dry.apply(
      Deployment,
      { ...deployment("a", namespace), metadata: { ...key, labels: { x: "1" } } },
      { force: true },
    );
    expect((await dry.status.patchMerge(Deployment, key, { status: { replicas: 3 } })).status?.replicas).toBe(3);
    await dry.status.update(Deployment, { ...before, status: { replicas: 3 } });
    await dry.scale.set(Deployment, key, 9);
    await dry.delete(Deployment, key);
    await dry.deleteAll(Deployment, { namespace });
    expect((await client.list(Deployment, { namespace })).items).toEqual([before]);
  });

  it("K07 write as their field manager, unless a write names another", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const wrapped = withFieldManager(client, "mine");
    const key = { namespace, name: "a" };
    expect(managers(await client.create(Deployment, deployment("base", namespace)))).toEqual(["base"]);
    const made = await wrapped.create(Deployment, deployment("a", namespace));
    expect(managers(made)).toEqual(["mine"]);
    const other = await wrapped.create(Deployment, deployment("b", namespace), { fieldManager: "named" });
    expect(managers(other)).toEqual(["named"]);
    const labelled = { ...made, metadata: { ...made.metadata, labels: { x: "1" } } };
    expect(managers(await wrapped.update(Deployment, labelled))).toEqual(["mine"]);
    expect(managers(await wrapped.patchMerge(Deployment, key, { metadata: { labels: { y: "1" } } }))).toEqual(["mine"]);
    await wrapped.patchStrategic(Deployment, key, { metadata: { labels: { z: "1" } } });
    await wrapped.patchJson(Deployment, key, [{ op: "add", path: "/metadata/labels/w", value: "1" }]);
    await wrapped.status.patchMerge(Deployment, key, { status: { replicas: 1 } });
    await wrapped.scale.set(Deployment, key, 2);
    const applied = await wrapped.apply(ConfigMap, { metadata: { namespace, name: "c" }, data: { a: "1" } });
    expect(managers(applied)).toEqual(["mine"]);
    const now = await client.get(Deployment, key);
    expect(managers(now)).toEqual(["mine"]);
    expect(now.metadata.managedFields?.map(({ subresource }) => subresource ?? "").sort()).toEqual([
      "",
      "scale",
      "status",
    ]);
    expect(() => withFieldManager(client, "")).toThrow("1 to 128");
  });

  it("K09 refuse, tell of, or ignore fields nobody knows", async () => {
    const namespace = await world.namespace();
    const told: ServerWarning[] = [];
    const client = createClient({ transport: world.shared, onWarning: (warning) => told.push(warning) });
    const object = (name: string): ConfigMap => ({ metadata: { namespace, name }, dat: { a: "1" } }) as ConfigMap;
    const refused = await client.create(ConfigMap, object("a")).then(
      () => undefined,
      (error) => error,
    );
    expect(refused).toSatisfy(isBadRequest);
    expect(String(refused)).toContain('unknown field "dat"');
    expect(told).toEqual([]);
    await withFieldValidation(client, "Warn").create(ConfigMap, object("b"));
    expect(told.map(({ text }) => text)).toEqual(['unknown field "dat"']);
    await withFieldValidation(client, "Ignore").create(ConfigMap, object("c"));
    expect(told).toHaveLength(1);
    const lenient = withFieldValidation(client, "Ignore");
    await expect(lenient.create(ConfigMap, object("d"), { fieldValidation: "Strict" })).rejects.toThrow(
      "unknown field",
    );
  });

  it("K13 stay in one namespace, by all verbs and subresources", async () => {
    const [client, here, there] = [newClient(), await world.namespace(), await world.namespace()];
    const wrapped = namespacedClient(client, here);
    const key = { name: "a" };
    const made = await wrapped.create(Deployment, deployment("a"));
    expect(made.metadata.namespace).toBe(here);
    const { namespace: _, ...without } = made.metadata;
    await wrapped.update(Deployment, { ...made, metadata: { ...without, labels: { x: "1" } } });
    await wrapped.patchMerge(Deployment, key, { spec: { replicas: 2 } });
    await wrapped.patchStrategic(Deployment, key, { spec: { replicas: 3 } });
    await wrapped.patchJson(Deployment, key, [{ op: "replace", path: "/spec/replicas", value: 4 }]);
    await wrapped.status.patchMerge(Deployment, key, { status: { replicas: 4 } });
    expect((await wrapped.status.get(Deployment, key)).status?.replicas).toBe(4);
    await wrapped.scale.set(Deployment, key, 5);
    expect((await wrapped.scale.get(Deployment, key)).spec?.replicas).toBe(5);
    expect((await wrapped.find(Deployment, key))?.metadata.labels).toEqual({ x: "1" });
    expect((await wrapped.get(Deployment, key)).spec?.replicas).toBe(5);
    await client.create(Deployment, deployment("b", there));
    expect((await wrapped.list(Deployment)).items.map(({ metadata }) => metadata.name)).toEqual(["a"]);
    for await (const event of wrapped.watch(Deployment, { sendInitialEvents: true })) {
      expect(event).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
      break;
    }

    const asked = `namespace "${there}" was asked for, but this client is of namespace "${here}"`;
    const foreign = { namespace: there, name: "b" };
    const refused: readonly (() => Promise<unknown>)[] = [
      () => wrapped.get(Deployment, foreign),
      () => wrapped.find(Deployment, foreign),
      () => wrapped.list(Deployment, { namespace: there }),
      () => wrapped.create(Deployment, deployment("c", there)),
      () => wrapped.update(Deployment, deployment("b", there)),
      () => wrapped.patchMerge(Deployment, foreign, {}),
      () => wrapped.patchStrategic(Deployment, foreign, {}),
      () => wrapped.patchJson(Deployment, foreign, []),
      () => wrapped.apply(Deployment, deployment("b", there)),
      () => wrapped.delete(Deployment, foreign),
      () => wrapped.deleteAll(Deployment, { namespace: there }),
      () => wrapped.watch(Deployment, { namespace: there })[Symbol.asyncIterator]().next(),
      () => wrapped.status.get(Deployment, foreign),
      () => wrapped.status.update(Deployment, deployment("b", there)),
      () => wrapped.status.patchMerge(Deployment, foreign, {}),
      () => wrapped.status.patchJson(Deployment, foreign, []),
      () => wrapped.status.apply(Deployment, deployment("b", there)),
      () => wrapped.subresource("eviction").create(Pod, foreign, {}),
      () => wrapped.scale.get(Deployment, foreign),
      () => wrapped.scale.set(Deployment, foreign, 1),
    ];
    for (const request of refused) await expect(request()).rejects.toThrow(asked);

    expect((await wrapped.get(Namespace, { name: there })).metadata.name).toBe(there);
    await wrapped.patchMerge(Namespace, { name: there }, { metadata: { labels: { x: "1" } } });
    expect((await wrapped.list(Namespace, { labelSelector: { x: "1" } })).items).toHaveLength(1);
    await wrapped.deleteAll(Deployment, {});
    expect((await wrapped.list(Deployment)).items).toEqual([]);
    expect((await client.list(Deployment, { namespace: there })).items).toHaveLength(1);
  });

  it("K16 answer some verbs by themselves and pass the others on", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const calls: string[] = [];
    const wrapped = interceptClient(client, {
      async get(resource, key, options) {
        calls.push(`get ${resource.kind} ${key.name}`);
        if (key.name === "hidden") throw notThere(resource.plural, key.name);
        return client.get(resource, key, options);
      },
      async delete(resource, key) {
        throw new Error(`${resource.kind} ${key.name} must stay`);
      },
      subresource: (name) =>
        name === "status"
          ? {
              async patchMerge(resource, key, patch, options) {
                calls.push(`patch ${name}`);
                return client.status.patchMerge(resource, key, patch, options);
              },
            }
          : undefined,
      scale: {
        async set(resource, key) {
          calls.push("scale");
          return client.scale.get(resource, key);
        },
      },
    });
    await wrapped.create(Deployment, deployment("a", namespace));
    await client.create(Deployment, deployment("hidden", namespace));
    const key = { namespace, name: "a" };
    expect((await wrapped.get(Deployment, key)).metadata.name).toBe("a");
    expect(await wrapped.find(Deployment, { namespace, name: "hidden" })).toBeUndefined();
    await expect(wrapped.delete(Deployment, key)).rejects.toThrow("Deployment a must stay");
    expect((await wrapped.status.patchMerge(Deployment, key, { status: { replicas: 3 } })).status?.replicas).toBe(3);
    await wrapped.subresource("status").patchMerge(Deployment, key, { status: { replicas: 4 } });
    expect((await wrapped.subresource("scale").get<KubeObject>(Deployment, key)).kind).toBe("Scale");
    expect((await wrapped.scale.set(Deployment, key, 7)).spec?.replicas).toBe(1);
    expect((await wrapped.list(Deployment, { namespace })).items).toHaveLength(2);
    expect(calls).toEqual(["get Deployment a", "get Deployment hidden", "patch status", "patch status", "scale"]);
  });

  it("K07 K13 K16 wrap each other", async () => {
    const [client, namespace] = [newClient(), await world.namespace()];
    const wrapped = namespacedClient(withFieldManager(dryRunClient(client), "mine"), namespace);
    const shown = await wrapped.create(ConfigMap, { metadata: { name: "a" }, data: { a: "1" } });
    expect([shown.metadata.namespace, managers(shown)]).toEqual([namespace, ["mine"]]);
    await expect(client.get(ConfigMap, { namespace, name: "a" })).rejects.toSatisfy(isNotFound);
  });
});

function notThere(plural: string, name: string): ApiError {
  return new ApiError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason: "NotFound",
    code: 404,
    message: `${plural} "${name}" not found`,
  });
}
