import { startChild } from "../child.ts";
import { closing, startListServer, temporaryFolder } from "../connections.ts";
import type { Figures, Scenario, Subject } from "../scenario.ts";

/** For how long a process that lists many objects does nothing else: answer its probes, renew its lease. */
export const listing: Scenario = {
  name: "listing",
  about: "the event loop of a process while it lists 50,000 ConfigMaps of 2 KB over TLS",
  async open({ scale }) {
    const folder = temporaryFolder();
    const count = String(Math.ceil(50_000 * scale));
    const streaming = await startListServer(folder, count, "stream");
    const paging = await startListServer(folder, count, "pages");
    const environment = { NODE_COMPILE_CACHE: folder.path };
    const measured = (name: string, role: Subject["role"], server: typeof paging, how: string): Subject => ({
      name,
      role,
      async round() {
        const arguments_ = [server.child.ready["url"]!, server.authority, count, how];
        await using child = await startChild("list-client", { arguments: arguments_, environment });
        return (await child.ask({})) as Figures;
      },
    });
    return {
      comparisons: [
        {
          title: `${count} objects`,
          metrics: [
            { name: "longest turn", unit: "ms", target: 20 },
            { name: "p99.9 of turns", unit: "ms" },
            { name: "until listed", unit: "ms" },
            { name: "CPU", unit: "ms" },
          ],
          subjects: [
            measured("cache, list as a stream", "ours", streaming, "cache"),
            measured("cache, list in pages", "ours", paging, "cache"),
            measured("one list and JSON.parse", "beside", paging, "parse"),
          ],
        },
      ],
      [Symbol.asyncDispose]: closing(folder, streaming.child, paging.child),
    };
  },
};
