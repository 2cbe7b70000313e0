import { call, closing, type Served, startServer, temporaryFolder } from "../connections.ts";
import { configMap } from "../objects.ts";
import type { Figures, Scenario, Subject } from "../scenario.ts";

const namespace = "default";
const collection = `/api/v1/namespaces/${namespace}/configmaps`;
const repeats = 20;

/** Whether lists and watches can still be used in a cluster that is full. */
export const manyObjects: Scenario = {
  name: "many-objects",
  about: "reads, writes and watches of a server that holds 100,000 ConfigMaps of 2 KB, over TLS",
  async open({ scale }) {
    const folder = temporaryFolder();
    const count = Math.ceil(100_000 * scale);
    const environment = { NODE_COMPILE_CACHE: folder.path };
    const [full, empty] = [
      await startServer("api-server", { environment }),
      await startServer("api-server", { environment }),
    ];
    await fill(full, count);
    const measured = (name: string, role: Subject["role"], server: Served): Subject => ({
      name,
      role,
      round: () => measure(server),
    });
    return {
      comparisons: [
        {
          title: `${count} objects`,
          metrics: [
            { name: "get", unit: "ms" },
            { name: "create", unit: "ms", target: 2 },
            { name: "page of 500", unit: "ms" },
            { name: "list by label", unit: "ms" },
            { name: "write to event", unit: "ms" },
            { name: "whole list", unit: "ms" },
          ],
          subjects: [measured("full", "ours", full), measured("empty", "beside", empty)],
        },
      ],
      [Symbol.asyncDispose]: closing(folder, full, empty),
    };
  },
};

async function fill({ transport }: Served, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await call(transport, "POST", collection, JSON.stringify(configMap(next++, namespace)));
  };
  await Promise.all(Array.from({ length: 10 }, work));
}

async function measure({ transport }: Served): Promise<Figures> {
  const probe = JSON.stringify({ ...configMap(0, namespace), metadata: { name: "probe", namespace } });
  const remove = (): Promise<unknown> => call(transport, "DELETE", `${collection}/probe`);
  const create = (): Promise<unknown> => call(transport, "POST", collection, probe);
  const read = (path: string) => async (): Promise<void> => void (await call(transport, "GET", path));
  const created = await median(create, remove);
  await create();
  const figures = {
    get: await median(read(`${collection}/probe`)),
    create: created,
    "page of 500": await median(read(`${collection}?limit=500`)),
    "list by label": await median(read(`${collection}?labelSelector=app%3Dnone`)),
    "whole list": await median(read(collection), undefined, 3),
    "write to event": await writeToEvent(transport),
  };
  await remove();
  return figures;
}

/** From sending a write to its event on a watch of the whole collection. */
async function writeToEvent(transport: Served["transport"]): Promise<number> {
  const stop = new AbortController();
  const list = JSON.parse(Buffer.from(await call(transport, "GET", `${collection}?limit=1`)).toString());
  const path = `${collection}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
  let arrived = Promise.withResolvers<void>();
  const watch = await transport({ method: "GET", path, signal: stop.signal });
  const watching = watch.pipe(() => arrived.resolve());
  watching.catch(() => {});
  let number = 0;
  const time = await median(async () => {
    arrived = Promise.withResolvers();
    const patch = JSON.stringify({ data: { number: String(number++) } });
    await call(transport, "PATCH", `${collection}/probe`, patch, "application/merge-patch+json");
    await arrived.promise;
  });
  stop.abort();
  await watching.catch(() => {});
  return time;
}

async function median(act: () => Promise<unknown>, undo?: () => Promise<unknown>, times = repeats): Promise<number> {
  const took: number[] = [];
  for (let time = 0; time < times; time++) {
    const startedAt = performance.now();
    await act();
    took.push(performance.now() - startedAt);
    await undo?.();
  }
  return took.sort((a, b) => a - b)[Math.floor(times / 2)]!;
}
