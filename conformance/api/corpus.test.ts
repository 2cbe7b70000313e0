import type { Json, JsonObject } from "@homeostat/api";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "./client.ts";
import { type Manifest, readCorpus, readDefaults } from "./corpus.ts";
import { behaviours } from "./suite.ts";
import { forbiddenChanges, wrongTwins } from "./wrong-twins.ts";

const corpus = readCorpus();
const defaults = readDefaults();
const strict = "fieldValidation=Strict&fieldManager=corpus";

/** Collections, and the fields of theirs that selectors may name. */
const selectable = [
  [
    "/api/v1/pods",
    "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase status.podIP status.podIPs status.nominatedNodeName",
  ],
  [
    "/api/v1/events",
    "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent source type",
  ],
  [
    "/apis/events.k8s.io/v1/events",
    "regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion regarding.resourceVersion regarding.fieldPath reason reportingController type",
  ],
  ["/api/v1/nodes", "spec.unschedulable"],
  ["/api/v1/namespaces", "status.phase"],
  ["/api/v1/secrets", "type"],
  ["/api/v1/services", "spec.clusterIP spec.type"],
  ["/api/v1/replicationcontrollers", "status.replicas"],
  ["/apis/apps/v1/replicasets", "status.replicas"],
  ["/apis/batch/v1/jobs", "status.successful"],
  ["/apis/certificates.k8s.io/v1/certificatesigningrequests", "spec.signerName"],
  ["/apis/resource.k8s.io/v1/resourceslices", "spec.nodeName spec.driver"],
] as const;

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

      const tries = world.alone && !statusKept.has(String(object["kind"])) ? 1 : 10;
      await changesNothing(tries, async () => {
        const read = await world.api.get(pathOf(manifest));
        return [read, await world.api.put(pathOf(manifest), read.body)];
      });
      await changesNothing(tries, async () => {
        const before = await world.api.get(pathOf(manifest));
        const read = await world.api.get(pathOf(manifest), { accept: "application/yaml" });
        const back = await world.api.send("PUT", pathOf(manifest), read.text, { "content-type": "application/yaml" });
        return [before, back];
      });
      const query = "&force=true&fieldValidation=Strict";
      const apply = () => world.api.apply(pathOf(manifest), object, "applier", query);
      const once = await apply();
      expect([once.status, once.text]).toEqual([200, expect.anything()]);
      await changesNothing(tries, async () => [await world.api.get(pathOf(manifest)), await apply()]);
      const twice = await world.api.get(pathOf(manifest));
      expect(difference(stored.body, twice.body), "applying says nothing new").toEqual({ added: {}, lost: {} });
    });
  });

  it("B037 counts what is asked for in the kinds that have something to do, and in no others", async () => {
    const counted = new Set<string>();
    for (const manifest of corpus) {
      const { metadata } = (await world.api.get(pathOf(manifest))).body;
      if (metadata.generation !== undefined) counted.add(manifest.id.split(" ")[0]!);
    }
    expect([...counted].sort()).toEqual(
      "CronJob CustomResourceDefinition DaemonSet Deployment DeviceClass EndpointSlice FlowSchema Gadget Ingress IngressClass Job MutatingWebhookConfiguration NetworkPolicy Pod PodDisruptionBudget PodTemplate PriorityClass ReplicaSet ReplicationController StatefulSet ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration".split(
        " ",
      ),
    );
  });

  it.each(forbiddenChanges)("B059 refuses the change of %s to %j", async (id, change, refusal) => {
    const manifest = find(id);
    const answer = await world.api.patch(pathOf(manifest), change);
    expect([answer.status, answer.body.reason]).toEqual([422, "Invalid"]);
    expect(answer.body.message).toContain(refusal);
  });

  it.each(selectable)("B109 selects %s by %s", async (path, fields) => {
    for (const field of fields.split(" ")) {
      const { status, body } = await world.api.get(`${path}?fieldSelector=${field}%3Dnone-has-this`);
      expect([field, status, body.items]).toEqual([field, 200, []]);
    }
    const { status, body } = await world.api.get(`${path}?fieldSelector=spec.other%3Da`);
    expect([status, body.message]).toEqual([400, expect.stringContaining("field label not supported: spec.other")]);
  });

  it.each(wrongTwins)("refuses %s with %s %j", async (id, field, value, refusal) => {
    const manifest = find(id);
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

function find(id: string): Manifest {
  const manifest = corpus.find((each) => each.id === id);
  if (!manifest) throw new Error(`no ${id} in the corpus`);
  return manifest;
}

/** Kinds whose status the server itself writes. */
const statusKept = new Set(["APIService", "CustomResourceDefinition", "ValidatingAdmissionPolicy"]);

/**
 * Reads and writes, and looks whether the write changed anything. Whoever keeps a status may have written in between,
 * but not for ever.
 */
async function changesNothing(tries: number, step: () => Promise<readonly [Answer, Answer]>): Promise<void> {
  for (let left = tries - 1; ; left--) {
    const [before, after] = await step();
    if (after.status === 200 && versionOf(after.body) === versionOf(before.body)) return;
    if (left > 0 && (after.status === 200 || after.status === 409)) continue;
    expect([after.status, after.text]).toEqual([200, before.text]);
  }
}

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
