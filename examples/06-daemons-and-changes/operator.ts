// A Site is an address that should answer. A daemon beside its reconciles watches it for as long as the Site is there and
// asks for a reconcile when the answer changes; `onChange` tells people when the address itself was changed.
import { defineResource, type ObjectOf, sleep } from "@homeostat/api";
import { controllerFor, type Daemon, patch, runOperator } from "@homeostat/runtime";
import { z } from "zod";

export const Site = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Site",
  spec: z.object({ url: z.string(), watched: z.boolean().default(true) }),
  status: z.object({ answers: z.int().optional() }),
  printerColumns: [{ name: "Answers", type: "integer", jsonPath: ".status.answers" }],
});
export type Site = ObjectOf<typeof Site>;

/** Status of the answer; 0 where there is none. */
export type Probe = (url: string, signal: AbortSignal) => Promise<number>;

export function siteOperator(probe: Probe) {
  const watch: Daemon<Site> = async ({ object, signal, clock, enqueue }) => {
    let last = object.status?.answers;
    for (;;) {
      const answers = await probe(object.spec.url, signal);
      if (answers !== last) enqueue(`answers ${answers}`);
      last = answers;
      await sleep(clock, 30_000, signal);
    }
  };

  const sites = controllerFor(Site, { access: { status: true } })
    .daemon("watch", watch, { when: ({ spec }) => spec.watched })
    .onChange("spec.url", ({ type, old, new: now, context }) => {
      if (type === "changed") context.events.normal("Moved", `from ${old} to ${now}`);
    })
    .reconcile(async ({ object, client, signal }) => {
      // It finds out by itself: a daemon may be late, and what it knows is gone with its process.
      const answers = await probe(object.spec.url, signal);
      await patch(client.status, Site, object, (draft) => {
        draft.status = { answers };
      });
    });
  return { name: "sites", resources: [Site], controllers: [sites] };
}

if (import.meta.main) {
  const probe: Probe = async (url, signal) => {
    const answer = await fetch(url, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    return answer?.status ?? 0;
  };
  await runOperator(siteOperator(probe));
}
