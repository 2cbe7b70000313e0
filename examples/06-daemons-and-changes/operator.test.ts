import { createVirtualClock, EventsV1Event } from "@homeostat/api";
import { createDevCluster, eventually, expectApplied, expectExists, expectGone } from "@homeostat/devcluster";
import { expect, onTestFinished, test } from "vitest";
import { Site, siteOperator } from "./operator.ts";

const key = { namespace: "default", name: "shop" };

async function setUp() {
  const clock = createVirtualClock();
  const cluster = await createDevCluster({ clock, controllers: "none" });
  onTestFinished(() => cluster.stop());
  const world = new Map([
    ["https://old.example.com", 200],
    ["https://new.example.com", 204],
  ]);
  const asked: string[] = [];
  await cluster.run(
    siteOperator(async (url) => {
      asked.push(url);
      return world.get(url) ?? 0;
    }),
  );
  const write = (spec: { url: string; watched?: boolean }) =>
    expectApplied(cluster, Site.object({ metadata: key, spec }));
  const answers = (wanted: number) => expectExists(cluster, Site, key, ({ status }) => status?.answers === wanted);
  return { clock, cluster, world, asked, write, answers };
}

test("learns within half a minute that a site answers otherwise", async () => {
  const { clock, cluster, world, write, answers } = await setUp();
  await write({ url: "https://old.example.com" });
  await answers(200);
  world.set("https://old.example.com", 503);
  await clock.advance(31_000);
  expect((await cluster.client.get(Site, key)).status).toEqual({ answers: 503 });
});

test("watches the new address of a site that has moved, and says so", async () => {
  const { clock, cluster, asked, write, answers } = await setUp();
  await write({ url: "https://old.example.com" });
  await answers(200);
  await write({ url: "https://new.example.com" });
  await answers(204);
  asked.length = 0;
  await clock.advance(60_000);
  expect(new Set(asked)).toEqual(new Set(["https://new.example.com"]));
  await eventually(cluster, async () => {
    const { items } = await cluster.client.list(EventsV1Event, { namespace: "default" });
    expect(items.map(({ reason, note }) => `${reason}: ${note}`)).toEqual([
      "Moved: from https://old.example.com to https://new.example.com",
    ]);
  });
});

test("asks no more when the site is gone, or is not to be watched", async () => {
  const { clock, cluster, asked, write, answers } = await setUp();
  await write({ url: "https://old.example.com" });
  await answers(200);
  await write({ url: "https://old.example.com", watched: false });
  await clock.advance(1_000);
  asked.length = 0;
  await clock.advance(600_000);
  expect(asked).toEqual([]);
  await write({ url: "https://old.example.com", watched: true });
  await clock.advance(60_000);
  expect(asked.length).toBeGreaterThan(1);
  await cluster.client.delete(Site, key);
  await expectGone(cluster, Site, key);
  await clock.settle();
  asked.length = 0;
  await clock.advance(600_000);
  expect(asked).toEqual([]);
});
