// A Mirror copies a repository that lives outside of the cluster, so no watch tells when to look at it. Four sources do:
// a call by the forge, a stream of its feed, a channel within the process, and a timer for what those three have missed.
import { defineResource } from "@homeostat/api";
import {
  channelSource,
  controllerFor,
  iterableSource,
  patch,
  runOperator,
  timerSource,
  webhookSource,
} from "@homeostat/runtime";
import { certificatePolicyRules, createWebhookServer, selfManagedCertificates } from "@homeostat/runtime/webhooks";
import { z } from "zod";

export const Mirror = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Mirror",
  spec: z.object({ repository: z.string() }),
  status: z.object({ revision: z.string().optional() }),
});

export interface Forge {
  /** Newest revision of a repository. */
  revision(repository: string): Promise<string | undefined>;
  /** Names of repositories as they change; may break off. */
  feed(signal: AbortSignal): AsyncIterable<string>;
  /** What it signs its calls with. */
  readonly secret: string;
}

export function mirrorOperator(forge: Forge) {
  // Sources only say what should be looked at: here the Mirrors, all named like their repository.
  const mirrorOf = (repository: string) => [{ namespace: "default", name: repository }];
  const requests = channelSource<string>({ name: "requests", map: mirrorOf });
  const feed = iterableSource({ name: "feed", iterable: forge.feed, map: mirrorOf });
  const timer = timerSource({ name: "hourly", everyMs: 3_600_000 });
  const pushes = webhookSource({
    name: "pushes",
    path: "/hooks/push",
    secret: forge.secret,
    map: (call) => mirrorOf((call.json() as { repository: string }).repository),
  });

  const mirrors = controllerFor(Mirror, { access: { status: true } })
    .source(requests)
    .source(feed)
    .source(timer)
    .source(pushes)
    .reconcile(async ({ object, client }) => {
      const revision = await forge.revision(object.spec.repository);
      await patch(client.status, Mirror, object, (draft) => {
        draft.status = revision === undefined ? {} : { revision };
      });
    });
  return { name: "mirrors", resources: [Mirror], controllers: [mirrors], requests, pushes };
}

if (import.meta.main) {
  const forge: Forge = {
    revision: async (repository) => (await fetch(`https://forge.example.com/${repository}/head`)).text(),
    async *feed(signal) {
      const { body } = await fetch("https://forge.example.com/feed", { signal });
      for await (const chunk of body ?? []) yield new TextDecoder().decode(chunk).trim();
    },
    secret: process.env["FORGE_SECRET"] ?? "change me",
  };
  const operator = mirrorOperator(forge);
  const at = { namespace: operator.name, name: operator.name }; // of its Secret and Service
  await runOperator({
    ...operator,
    ownRules: certificatePolicyRules({ secret: at }).role,
    setup: (manager) => {
      const { log, unfencedClient: client } = manager;
      const server = createWebhookServer({
        certificates: selfManagedCertificates({ client, secret: at, service: at, log }),
        log,
      });
      server.handle(operator.pushes.path, operator.pushes.handle);
      manager.add(server);
    },
  });
}
