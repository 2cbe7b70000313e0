// A kind with two versions: what the new one means is the hub, the old one has a way there and back, and the API server
// asks for it whenever somebody wants a version that is not stored. What the old version cannot say is kept in an
// annotation, so that nothing is lost on a round trip.
import { customResourceDefinition, defineResource, type ObjectOf, systemClock } from "@homeostat/api";
import { type Client, controllerFor, type Operator, runOperator, silentLogger } from "@homeostat/runtime";
import {
  certificatePolicyRules,
  conversion,
  createWebhookServer,
  selfManagedCertificates,
  type WebhookServerOptions,
  webhookManifests,
  withConversion,
} from "@homeostat/runtime/webhooks";
import { z } from "zod";

const kind = { group: "example.com", kind: "Backup" };

export const Backup = defineResource({
  ...kind,
  version: "v1",
  spec: z.object({ everyHours: z.int().min(1), keep: z.int().default(7) }),
});
export const OldBackup = defineResource({
  ...kind,
  version: "v1alpha1",
  spec: z.object({ interval: z.string().regex(/^[1-9][0-9]*[hd]$/) }),
  deprecated: "use example.com/v1: interval is everyHours there",
});

const KEEP = "example.com/keep";

export const versions = conversion(Backup, {
  v1alpha1: {
    toHub: ({ metadata, spec: { interval } }: ObjectOf<typeof OldBackup>) => {
      const { [KEEP]: keep, ...annotations } = metadata?.annotations ?? {};
      const everyHours = Number.parseInt(interval, 10) * (interval.endsWith("d") ? 24 : 1);
      return Backup.object({ metadata: { ...metadata, annotations }, spec: { everyHours, keep: Number(keep ?? 7) } });
    },
    fromHub: ({ metadata, spec: { everyHours, keep } }) =>
      OldBackup.object({
        metadata: { ...metadata, annotations: { ...metadata?.annotations, [KEEP]: String(keep) } },
        spec: { interval: everyHours % 24 === 0 ? `${everyHours / 24}d` : `${everyHours}h` },
      }),
  },
});

const at = { namespace: "backups", name: "backups" };
const definition = withConversion(customResourceDefinition([Backup, OldBackup]), versions, { service: at });
const injectInto = { customResourceDefinitions: [definition.metadata!.name!] };

export function webhookServer(client: Client, options: Partial<WebhookServerOptions> = {}) {
  const { log = silentLogger, clock = systemClock } = options;
  const certificates = selfManagedCertificates({ client, secret: at, service: at, injectInto, log, clock });
  const server = createWebhookServer({ certificates, ...options });
  server.add(versions);
  return server;
}

export const operator = {
  name: at.name,
  resources: [{ ...Backup, crd: () => definition }],
  controllers: [
    // It knows the hub only, whichever version people write.
    controllerFor(Backup).reconcile(async ({ object: { spec }, log }) => {
      log.info({ everyHours: spec.everyHours, keep: spec.keep }, "Backup is planned");
    }),
  ],
};

const { role, clusterRole } = certificatePolicyRules({ secret: at, injectInto });
const selector = { "app.kubernetes.io/name": operator.name };

/** The operator as it is deployed: with its server, what that may do, and the Service it is reached by. */
export const deployed: Operator = {
  ...operator,
  rules: clusterRole,
  ownRules: role,
  manifests: () => ({
    "service.yaml": [webhookManifests({ webhooks: [versions] }, { service: at, selector }).service],
  }),
  setup: (manager) => manager.add(webhookServer(manager.unfencedClient, { log: manager.log, clock: manager.clock })),
};

if (import.meta.main) await runOperator(deployed);
