import { ConfigMap, conflict, createVirtualClock, type JsonObject, type Stored } from "@homeostat/api";
import { type ApiServer, createApiServer } from "@homeostat/apiserver";
import { afterEach, describe, expect, it } from "vitest";
import { createClient } from "./api-client.ts";
import { mergePatch, patch } from "./patch.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { recorded } from "./targets.test-support.ts";

const servers: ApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

describe("mergePatch", () => {
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    ["says nothing of what stays", { a: 1, b: { c: [1, { d: 2 }] } }, { a: 1, b: { c: [1, { d: 2 }] } }, {}],
    ["says what is new and what is other", { a: 1 }, { a: 2, b: { c: 3 } }, { a: 2, b: { c: 3 } }],
    ["removes what is gone, at any depth", { a: { b: 1, c: 2 }, d: 3 }, { a: { c: 2 } }, { a: { b: null }, d: null }],
    ["replaces lists whole", { a: [1, 2] }, { a: [1] }, { a: [1] }],
    ["replaces what becomes another sort", { a: { b: 1 }, c: 1 }, { a: 1, c: { d: 1 } }, { a: 1, c: { d: 1 } }],
    ["takes null for absent on both sides", { a: null, b: 1 }, { b: null }, { b: null }],
  ])("%s", (_, before, after, wanted) => {
    expect(mergePatch(before, after)).toEqual(wanted);
  });
});

describe("patch", () => {
  const setup = async () => {
    const server = await createApiServer({ clock: createVirtualClock() });
    servers.push(server);
    const transport = recorded(server.transport());
    const client = createClient({ transport });
    const made = await client.create(ConfigMap, {
      metadata: { namespace: "default", name: "a", finalizers: ["example.com/x"] },
      data: { a: "1", b: "2" },
    });
    transport.requests.splice(0);
    return { client, made, transport };
  };

  it("sends what was changed and leaves the object it was given alone", async () => {
    const { client, made, transport } = await setup();
    const before = structuredClone(made);
    const now = await patch(client, ConfigMap, made, (draft) => {
      delete draft.data!["a"];
      draft.data!["c"] = "3";
    });
    expect([made, now.data]).toEqual([before, { b: "2", c: "3" }]);
    expect(transport.requests.map(({ body }) => JSON.parse(String(body)))).toEqual([{ data: { a: null, c: "3" } }]);
  });

  it("sends nothing where nothing was changed", async () => {
    const { client, made, transport } = await setup();
    expect(await patch(client, ConfigMap, made, () => {})).toBe(made);
    expect(transport.requests).toEqual([]);
  });

  it("K04 locks by itself where it replaces a list, which would undo another's change", async () => {
    const { client, made } = await setup();
    const append = (draft: { metadata: { finalizers?: string[] } }): void => {
      draft.metadata.finalizers = [...(draft.metadata.finalizers ?? []), "example.com/y"];
    };
    await client.patchMerge(ConfigMap, made.metadata as { namespace: string; name: string }, { data: { d: "4" } });
    await expect(patch(client, ConfigMap, made, append)).rejects.toMatchObject({ code: 409 });
    const now = await retryOnConflict(async () => {
      const fresh = await client.get(ConfigMap, { namespace: "default", name: "a" });
      return patch(client, ConfigMap, fresh, append);
    });
    expect(now.metadata.finalizers).toEqual(["example.com/x", "example.com/y"]);
    expect((await patch(client, ConfigMap, made as Stored<ConfigMap>, append, { optimisticLock: false })).data).toEqual(
      {
        a: "1",
        b: "2",
        d: "4",
      },
    );
  });
});

describe("retryOnConflict", () => {
  const refusal = conflict(ConfigMap, "a", "it changed");

  it("tries five times, ten milliseconds and up to a tenth more apart", async () => {
    const clock = createVirtualClock();
    let attempts = 0;
    let thrown: unknown;
    const attempt = async (): Promise<never> => {
      attempts++;
      throw refusal;
    };
    retryOnConflict(attempt, { clock, random: () => 1 }).catch((error) => (thrown = error));
    await clock.until(() => thrown !== undefined, "the refusal");
    expect([thrown, attempts, clock.monotonic()]).toEqual([refusal, 5, 44]);
  });

  it("answers with the first success, and tells every other error at once", async () => {
    const clock = createVirtualClock();
    let attempts = 0;
    const second = retryOnConflict(
      async () => {
        if (++attempts === 1) throw refusal;
        return "done";
      },
      { clock },
    );
    await clock.advance(20);
    expect(await second).toBe("done");
    await expect(retryOnConflict(() => Promise.reject(new Error("other")), { clock })).rejects.toThrow("other");
  });

  it("ends the wait with the signal's reason", async () => {
    const clock = createVirtualClock();
    const ending = new AbortController();
    const result = retryOnConflict(() => Promise.reject(refusal), { clock, signal: ending.signal });
    await clock.settle();
    ending.abort(new Error("no more"));
    await expect(result).rejects.toThrow("no more");
  });
});
