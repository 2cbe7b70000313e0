import { type Clock, systemClock } from "@homeostat/api";
import type { Manager } from "@homeostat/runtime";
import {
  type CertificateSource,
  createWebhookServer,
  selfManagedCertificates,
  type WebhookServer,
} from "@homeostat/runtime/webhooks";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { admissionRules } from "./admission-rules.ts";
import { webhookNames } from "./configurations.ts";
import { tlsOptions } from "./tls-options.ts";

export interface TempoWebhooksOptions {
  readonly settings: OperatorSettings;
  /** Where the operator runs: the certificates' Secret is kept there, and the Service is. */
  readonly namespace: string;
  /** `host:port`; without a host loopback only. Default: port 9443 on every interface. */
  readonly address?: string;
  /** Default: certificates that the operator makes, renews and injects into the configurations itself. */
  readonly certificates?: CertificateSource;
  /** Of certificates; others check them by the machine's time. Default: the machine's. */
  readonly certificateClock?: Clock;
}

/** Serves the webhooks on every replica, and lets `/healthz` and `/readyz` tell once they can be reached. */
export function addTempoWebhooks(manager: Manager, options: TempoWebhooksOptions): WebhookServer {
  const { settings, address } = options;
  const server = createWebhookServer({
    certificates: options.certificates ?? ownCertificates(manager, options),
    tls: tlsOptions(settings.tlsProfile),
    registry: manager.registry,
    log: manager.log,
    clock: manager.clock,
    ...(address === undefined ? {} : { address }),
  });
  server.add(...admissionRules({ settings, client: () => manager.unfencedClient }));
  manager.add(server);
  manager.addHealthCheck("webhook", server.started);
  manager.addReadyCheck("webhook", server.started);
  return server;
}

function ownCertificates(manager: Manager, options: TempoWebhooksOptions): CertificateSource {
  const { namespace, certificateClock = systemClock } = options;
  return selfManagedCertificates({
    client: manager.unfencedClient,
    secret: { namespace, name: webhookNames.certificates },
    service: { namespace, name: webhookNames.service },
    injectInto: injected,
    clock: certificateClock,
    log: manager.log,
  });
}

/** What the operator writes its authority's certificate into. */
export const injected = {
  mutatingWebhookConfigurations: [webhookNames.mutating],
  validatingWebhookConfigurations: [webhookNames.validating],
} as const;
