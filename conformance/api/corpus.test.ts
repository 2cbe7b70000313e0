import type { Json, JsonObject } from "@homeostat/api";
import { beforeAll, describe, expect, it } from "vitest";
import { type Manifest, readCorpus, readDefaults } from "./corpus.ts";
import { behaviours } from "./suite.ts";
import { wrongTwins } from "./wrong-twins.ts";

const corpus = readCorpus();
const defaults = readDefaults();
const strict = "fieldValidation=Strict&fieldManager=corpus";

behaviours("manifests as people write them", (world) => {
  let namespace = "";
  beforeAll(async () => {
    namespace = (await world.namespace()).name;
  });
  const pathOf = (manifest: Manifest): string => `${manifest.collection(namespace)}/${manifest.object.metadata.name}`;

  // In order: classes before claims, the definition before its object.
  describe("each", () => {
    it.each(corpus.map((manifest) => [manifest.id, manifest] as const))("takes and keeps %s", async (id, manifest) => {
      const { object, collection } = manifest;
      const made = await world.api.post(`${collection(namespace)}?${strict}`, object);
      expect([made.status, made.text]).toEqual([201, expect.anything()]);

      if (object["kind"] === "CustomResourceDefinition") await isServed(pathOf(manifest));
      const stored = await world.api.get(pathOf(manifest));
      const { added, lost } = difference(object, stored.body as JsonObject);
      if (world.alone) expect({ id, added, lost }).toEqual({ id, added: {}, lost: {}, ...defaults[id] });

      const written = await world.api.put(pathOf(manifest), stored.body);
      expect([written.status, versionOf(written.body)]).toEqual([200, versionOf(stored.body)]);

      const read = await world.api.get(pathOf(manifest), { accept: "application/yaml" });
      const back = await world.api.send("PUT", pathOf(manifest), read.text, { "content-type": "application/yaml" });
      expect([back.status, versionOf(back.body)]).toEqual([200, versionOf(stored.body)]);

      const query = `&force=true&${strict.split("&")[0]}`;
      const once = await world.api.apply(pathOf(manifest), object, "applier", query);
      expect([once.status, once.text]).toEqual([200, expect.anything()]);
      const twice = await world.api.apply(pathOf(manifest), object, "applier", query);
      expect([twice.status, versionOf(twice.body)]).toEqual([200, versionOf(once.body)]);
      expect(difference(stored.body, twice.body), "applying says nothing new").toEqual({ added: {}, lost: {} });
    });
  });

  it.each(wrongTwins)("refuses %s with %s %j", async (id, field, value, refusal) => {
    const manifest = corpus.find((each) => each.id === id);
    if (!manifest) throw new Error(`no ${id} in the corpus`);
    const twin = changed(manifest.object, field, value);
    if (field !== "metadata.name") (twin["metadata"] as JsonObject)["name"] = `${manifest.object.metadata.name}-wrong`;
    const answer = await world.api.post(`${manifest.collection(namespace)}?${strict}`, twin);
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
    expect(answer.body.message).toContain(refusal);
  });

  async function isServed(definition: string): Promise<void> {
    const [collection, name] = definition.split(/\/(?=[^/]*$)/);
    const watch = world.api.watch(`${collection}?fieldSelector=metadata.name%3D${name}`);
    await watch.until(({ object }) =>
      object.status?.conditions?.some(
        (each: JsonObject) => each["type"] === "Established" && each["status"] === "True",
      ),
    );
    watch.stop();
  }
});

const versionOf = (body: { metadata: { resourceVersion: string } }): string => body.metadata.resourceVersion;

type Leaves = Record<string, Json>;

/** Fields in `after` that `before` has not, or not so; fields lost. Who wrote what when is left out. */
function difference(before: JsonObject, after: JsonObject): { added: Leaves; lost: Leaves } {
  const [old, now] = [leaves(before), leaves(after)];
  const only = (one: Leaves, other: Leaves): Leaves =>
    Object.fromEntries(
      Object.entries(one).filter(([key, value]) => JSON.stringify(other[key]) !== JSON.stringify(value)),
    );
  const added = only(now, old);
  return { added, lost: Object.fromEntries(Object.entries(only(old, now)).filter(([key]) => !(key in added))) };
}

const ofServer = /^metadata\.(uid|creationTimestamp|managedFields|resourceVersion|generation|namespace)/;
const made = /^(spec\.clusterIPs?\b|spec\.healthCheckNodePort)|controller-uid/;

function leaves(value: Json, path = "", found: Leaves = {}): Leaves {
  const nested = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (nested) {
    for (const [key, each] of Object.entries(value))
      leaves(each as Json, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, found);
  } else if (!ofServer.test(path) && !/^status\b/.test(path)) found[path] = made.test(path) ? "made" : value;
  return found;
}

/** A copy with one field changed. */
function changed(object: JsonObject, field: string, value: unknown): JsonObject {
  const copy = structuredClone(object) as JsonObject;
  const steps = field.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  const last = steps.pop() as string;
  let at = copy as Record<string, Json>;
  for (const step of steps) at = (at[step] ??= {}) as Record<string, Json>;
  if (value === undefined) delete at[last];
  else at[last] = value as Json;
  return copy;
}
