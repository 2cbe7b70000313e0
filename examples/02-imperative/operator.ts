// Keeps records of a DNS zone, which is outside of the cluster: `reconcile` brings them about, `cleanup` takes them away
// before their Domain may go. Nobody tells when the zone changes, so it looks again every minute; what no retry can
// mend is a TerminalError.
import { defineResource } from "@homeostat/api";
import { controllerFor, patch, runOperator, TerminalError } from "@homeostat/runtime";
import { z } from "zod";

export const Domain = defineResource({
  group: "dns.example.com",
  version: "v1",
  kind: "Domain",
  spec: z.object({ host: z.string(), address: z.string() }),
  status: z.object({ published: z.string().optional() }),
});

/** The API of a DNS provider. A Map is one that forgets. */
export interface Zone {
  get(host: string): Promise<string | undefined> | string | undefined;
  set(host: string, address: string): unknown;
  delete(host: string): unknown;
}

export const dnsOperator = (zone: Zone) => ({
  name: "dns",
  resources: [Domain],
  controllers: [
    controllerFor(Domain, { access: { status: true } })
      .cleanup(async ({ object }) => {
        const { published } = object.status ?? {};
        if (published) await zone.delete(published);
      })
      .reconcile(async ({ object, client, events }) => {
        const { host, address } = object.spec;
        if (!host.endsWith(".example.com"))
          throw new TerminalError(`domain ${object.metadata.name}: spec.host ${host} is not below example.com`);
        const before = object.status?.published;
        if (before && before !== host) await zone.delete(before);
        // Written before the record is made: a crash in between must not leave a record that nobody knows of.
        await patch(client.status, Domain, object, (draft) => {
          draft.status = { published: host };
        });
        if ((await zone.get(host)) !== address) {
          await zone.set(host, address);
          events.normal("Published", `${host} is ${address}`);
        }
        return { requeueAfterMs: 60_000 };
      }),
  ],
});

if (import.meta.main) await runOperator(dnsOperator(new Map()));
