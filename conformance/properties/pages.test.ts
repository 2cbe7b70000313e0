import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, apiOf } from "../api/client.ts";
import { seededRandom } from "../support/random.ts";
import { type Target, targets } from "../target.ts";
import { seen, WrittenHistory } from "./history.ts";

const seeds = Array.from({ length: 25 }, (_, index) => index + 1);

describe.each(targets)("random pages of a list during writes, $name", ({ open }) => {
  let target: Target;
  let api: Api;
  beforeAll(async () => {
    target = await open();
    api = apiOf(target.transport());
  });
  afterAll(() => target?.close());

  test.for(seeds)("show together what was there at their one revision, with seed %i", async (seed) => {
    const random = seededRandom(seed);
    const name = `paged-${seed}`;
    await api.make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const collection = `/api/v1/namespaces/${name}/configmaps`;
    const history = new WrittenHistory(api, collection, random);
    for (let list = 0; list < 8; list++) {
      for (let write = random.below(10); write >= 0; write--) await history.write();
      const side = random.pick([undefined, "left", "right"]);
      const selector = side === undefined ? "" : `&labelSelector=side%3D${side}`;
      const found: unknown[] = [];
      const revisions = new Set<number>();
      let next = "";
      do {
        const limit = 1 + random.below(5);
        const { status, body, text } = await api.get(`${collection}?limit=${limit}${selector}${next}`);
        expect(status, text).toBe(200);
        expect(body.items.length).toBeLessThanOrEqual(limit);
        found.push(...body.items.map(seen));
        revisions.add(Number(body.metadata.resourceVersion));
        next = body.metadata.continue ? `&continue=${encodeURIComponent(body.metadata.continue)}` : "";
        for (let write = random.below(4); write > 0; write--) await history.write();
      } while (next !== "");
      const [revision, ...others] = revisions;
      expect(others, "all pages say the same revision").toEqual([]);
      expect(found).toEqual(history.at(revision!, side));
      // The same, asked for later by that revision.
      const exact = await api.get(
        `${collection}?resourceVersion=${revision}&resourceVersionMatch=Exact&limit=500${selector}`,
      );
      expect(exact.body.items.map(seen)).toEqual(history.at(revision!, side));
    }
  });
});
