import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, apiOf } from "../api/client.ts";
import { configMap } from "../api/objects.ts";
import type { WatchLine } from "../api/watching.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { type Target, targets } from "../target.ts";
import { eventText, WrittenHistory } from "./history.ts";

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
const writes = 80;

describe.each(targets)("random watches that break off and go on, $name", ({ open }) => {
  let target: Target;
  let api: Api;
  beforeAll(async () => {
    target = await open();
    api = apiOf(target.transport());
  });
  afterAll(() => target?.close());

  test.for(seeds)("miss no event, see none twice, and keep the order, with seed %i", async (seed) => {
    const random = seededRandom(seed);
    const name = `watched-${seed}`;
    await api.make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const collection = `/api/v1/namespaces/${name}/configmaps`;
    const history = new WrittenHistory(api, collection, random);
    const start = Number((await api.get(collection)).body.metadata.resourceVersion);

    const watchers = ["", "left", "right"].map(async (side, index) => ({
      side,
      got: await watchOnAndOn(collection, side, start, seededRandom(seed * 10 + index)),
    }));
    for (let write = 0; write < writes; write++) await history.write();
    // A last change that all watchers see tells them that they have seen all.
    for (const side of ["left", "right"])
      await api.make(collection, configMap(`end-${side}`, { text: "end" }, { labels: { side } }));
    for (const { side, got } of await Promise.all(watchers))
      expect(got, `seed ${seed}, side ${side}`).toEqual(history.events(start, side || undefined));
  });

  /** Watches, stops after some events, and goes on from the last revision it saw, until the end is seen. */
  async function watchOnAndOn(
    collection: string,
    side: string,
    start: number,
    random: Random,
  ): Promise<readonly string[]> {
    const got: string[] = [];
    const last = side === "" ? "end-right" : `end-${side}`;
    let from = start;
    for (;;) {
      const selector = side === "" ? "" : `&labelSelector=side%3D${side}`;
      const watch = api.watch(`${collection}?resourceVersion=${from}&allowWatchBookmarks=true${selector}`);
      const enough = 1 + random.below(12);
      const isLast = (line: WatchLine): boolean => line.object.metadata.name === last;
      // The server ends a watch that lags behind; then what came so far counts.
      const lines = await watch.until((line) => watch.lines.length >= enough || isLast(line)).catch(() => watch.lines);
      watch.stop();
      for (const line of lines) {
        expect(line.type, JSON.stringify(line)).not.toBe("ERROR");
        from = Number(line.object.metadata.resourceVersion);
        if (isLast(line)) return got;
        if (line.type !== "BOOKMARK" && !line.object.metadata.name.startsWith("end-")) got.push(eventText(line));
      }
    }
  }
});
