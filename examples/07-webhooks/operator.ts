// Webhooks complete and check Databases on their way into the cluster, where a schema alone cannot: defaults that depend
// on labels, and rules that compare with what is stored. Certificates are made, renewed and handed to the API server by
// the operator itself; `manifests` prints all that a cluster has to know.
import { compareQuantities, defineResource, fieldError, systemClock } from "@homeostat/api";
import { type Client, type Operator, runOperator, silentLogger } from "@homeostat/runtime";
import {
  certificatePolicyRules,
  createWebhookServer,
  defaulting,
  selfManagedCertificates,
  validating,
  type WebhookServerOptions,
  webhookManifests,
} from "@homeostat/runtime/webhooks";
import { z } from "zod";

export const Database = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Database",
  spec: z.object({ storage: z.string(), replicas: z.int().optional() }),
});

export const defaults = defaulting(Database, (database) => {
  const isProduction = database.metadata?.labels?.["stage"] === "production";
  return { ...database, spec: { ...database.spec, replicas: database.spec.replicas ?? (isProduction ? 3 : 1) } };
});

export const rules = validating(Database, {
  create: ({ spec: { replicas = 1 } }) =>
    replicas % 2 === 0 ? [fieldError.invalid("spec.replicas", replicas, "must be odd, so that a majority exists")] : [],
  update: (database, old, { warn }) => {
    if (compareQuantities(database.spec.storage, old.spec.storage) < 0)
      return [fieldError.forbidden("spec.storage", "may not shrink")];
    if (database.spec.replicas !== old.spec.replicas) warn("a change of spec.replicas moves data: it takes a while");
    return [];
  },
});

export const operator = { name: "databases", resources: [Database], controllers: [] };
const at = { namespace: operator.name, name: operator.name };
const injectInto = { mutatingWebhookConfigurations: [at.name], validatingWebhookConfigurations: [at.name] };

export function webhookServer(client: Client, options: Partial<WebhookServerOptions> = {}) {
  const { log = silentLogger, clock = systemClock } = options;
  const certificates = selfManagedCertificates({ client, secret: at, service: at, injectInto, log, clock });
  const server = createWebhookServer({ certificates, ...options });
  server.add(defaults, rules);
  return server;
}

const { role, clusterRole } = certificatePolicyRules({ secret: at, injectInto });
const selector = { "app.kubernetes.io/name": operator.name };

/** The operator as it is deployed: with its server, what that may do, and what a cluster has to know of it. */
export const deployed: Operator = {
  ...operator,
  rules: clusterRole,
  ownRules: role,
  manifests: () => ({
    "webhooks.yaml": Object.values(webhookManifests({ webhooks: [defaults, rules] }, { service: at, selector })),
  }),
  setup(manager) {
    const { unfencedClient, registry, log, clock } = manager;
    const server = webhookServer(unfencedClient, { registry, log, clock });
    manager.add(server);
    manager.addReadyCheck("webhook", server.started);
  },
};

if (import.meta.main) await runOperator(deployed);
