import { join } from "node:path";
import { sleep, systemClock } from "@homeostat/api";
import { expect, onTestFinished, test } from "vitest";
import { apiOf } from "../api/client.ts";
import { countFrom, seededRandom } from "../support/random.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { KeptObjects } from "./kept-objects.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** `HOMEOSTAT_KILLS=1000` kills so often, `HOMEOSTAT_SEED` chooses other moments. */
const kills = countFrom("HOMEOSTAT_KILLS", 10);
const seed = countFrom("HOMEOSTAT_SEED", 1);
const writers = 6;

test(
  `every acknowledged write is there after kill -9 at ${kills} random moments under write load, and no other`,
  async () => {
    await using directory = await temporaryDirectory();
    const random = seededRandom(seed);
    const kept = new KeptObjects();
    let running: ServerProcess | undefined;
    onTestFinished(() => running?.kill());
    const start = (): ServerProcess => {
      running = startServer({
        directory: join(directory.path, "data"),
        compileCache: join(directory.path, "compiled"),
        // Small, so that many kills fall into the time when a snapshot replaces logs.
        maxLogBytes: 64 << 10,
      });
      return running;
    };

    for (let kill = 1; kill <= kills; kill++) {
      if (kill > 1 && random.chance(0.1)) {
        // While it recovers: the next start must cope with what this one left.
        const early = start();
        await sleep(systemClock, random() * 400);
        await early.kill();
      }
      const server = start();
      const api = apiOf(await server.ready());
      expect(await kept.differences(api), `after kill ${kill - 1} of seed ${seed}`).toEqual([]);
      const writing = Promise.all(
        Array.from({ length: writers }, (_, writer) => kept.writeUntilKilled(api, writer, random)),
      );
      // The moment is the subject of the test: what the server is doing then differs from run to run.
      await Promise.race([sleep(systemClock, random() * 150), writing]);
      await server.kill();
      await writing;
    }
    const last = start();
    expect(await kept.differences(apiOf(await last.ready()))).toEqual([]);
    expect(kept.acknowledged).toBeGreaterThan(kills);
    process.stdout.write(`durability: ${kills} kills, ${kept.acknowledged} acknowledged writes, none lost\n`);
  },
  60_000 + kills * 10_000,
);
