import { createVirtualClock } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, apiOf } from "../api/client.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { ApplyModel, type Fields, fieldsOf, objectOf, ownersOf, pathInAnswer } from "./apply-model.ts";
import { group, thing } from "./definition.ts";

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);
const steps = 40;
const things = `/apis/${group}/v1/namespaces/default/things`;
const appliers = ["ann", "bob", "cid"];
const updaters = ["uma", "vic"];
const values = ["1", "2", "3"];

describe("random writes by several managers", () => {
  let server: ApiServer;
  let api: Api;

  beforeAll(async () => {
    server = await createApiServer({ clock: createVirtualClock() });
    api = apiOf(server.transport());
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await api.make(definitions, thing);
    const watch = api.watch(definitions);
    await watch.until(({ object }) => object.status?.conditions?.[1]?.status === "True");
    watch.stop();
  });
  afterAll(() => server.stop());

  test.for(seeds)("leave values, owners and conflicts as a small model says, with seed %i", async (seed) => {
    const random = seededRandom(seed);
    const path = `${things}/t${seed}`;
    const model = new ApplyModel();
    // Somebody holds what fields are in: whose it is when it comes and goes is more than the model knows.
    const anchor = new Map([
      ["spec.keep", "1"],
      ["metadata.labels.keep", "1"],
    ]);
    await apply(path, "anchor", anchor, true);
    model.apply("anchor", anchor);
    for (let step = 0; step < steps; step++) {
      const before = (await api.get(path)).body;
      if (random.chance(0.25)) await updateBoth(path, model, random);
      else await applyBoth(path, model, random);
      const { body } = await api.get(path);
      const said = `step ${step} of seed ${seed}`;
      expect(fieldsOf(body), said).toEqual(model.values());
      expect(ownersOf(body), said).toEqual(model.owners());
      const same =
        JSON.stringify([before.spec, before.metadata.labels]) === JSON.stringify([body.spec, body.metadata.labels]);
      if (same && JSON.stringify(ownersOf(before)) === JSON.stringify(ownersOf(body)))
        expect(body.metadata.resourceVersion, `${said} changed nothing`).toBe(before.metadata.resourceVersion);
    }
  });

  const apply = (path: string, manager: string, config: Fields, force: boolean) => {
    const { metadata, ...rest } = objectOf(config);
    const body = { apiVersion: `${group}/v1`, kind: "Thing", metadata: { ...metadata }, ...rest };
    return api.apply(path, body, manager, `&force=${force}`);
  };

  async function applyBoth(path: string, model: ApplyModel, random: Random): Promise<void> {
    const manager = random.pick(appliers);
    const config = randomConfig(random);
    const conflicts = model.conflicts(manager, config);
    const force = random.chance(0.4);
    const answer = await apply(path, manager, config, force);
    if (conflicts.length > 0 && !force) {
      expect(answer.status, answer.text).toBe(409);
      const named = conflicts.map(({ field, manager: other }) => `${pathInAnswer(field)} of ${other}`);
      expect(
        answer.body.details.causes
          .map(
            ({ field, message }: { field: string; message: string }) => `${field} of ${/"(\w+)"/.exec(message)?.[1]}`,
          )
          .sort(),
      ).toEqual(named.sort());
      return;
    }
    expect(answer.status, answer.text).toBe(200);
    model.apply(manager, config);
  }

  async function updateBoth(path: string, model: ApplyModel, random: Random): Promise<void> {
    const manager = random.pick(updaters);
    const field = random.pick(["spec.a", "spec.b", "metadata.labels.x", "metadata.labels.y"]);
    const value = random.chance(0.3) ? undefined : random.pick(values);
    const [top, name] = field.startsWith("spec.") ? ["spec", field.slice(5)] : ["labels", field.slice(16)];
    const change = { [name!]: value ?? null };
    const body = top === "spec" ? { spec: change } : { metadata: { labels: change } };
    const answer = await api.patch(`${path}?fieldManager=${manager}`, body);
    expect(answer.status, answer.text).toBe(200);
    model.update(manager, new Map([[field, value]]));
  }
});

function randomConfig(random: Random): Fields {
  const config = new Map<string, string>();
  const plain = ["spec.a", "spec.b", "spec.c.d", "spec.c.e", "metadata.labels.x", "metadata.labels.y"];
  for (const field of plain) if (random.chance(0.4)) config.set(field, random.pick(values));
  if (random.chance(0.2)) config.set("spec.whole", JSON.stringify({ [random.pick(values)]: random.pick(values) }));
  for (const key of values) {
    if (random.chance(0.3)) config.set(`spec.tags[${key}]`, "there");
    if (random.chance(0.3)) {
      config.set(`spec.items[${key}]`, "there");
      config.set(`spec.items[${key}].value`, random.pick(values));
    }
  }
  return config;
}
