import type { KubeObject, MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from "@homeostat/api";
import { type AdmissionWebhook, type WebhookManifests, webhookManifests } from "@homeostat/runtime/webhooks";
import { communitySettings } from "../settings/operator-settings.ts";
import { admissionRules } from "./admission-rules.ts";

/** Names of the Go operator's objects: ours take their places, in place of judging everything twice. */
export const webhookNames = {
  service: "tempo-operator-webhook-service",
  mutating: "tempo-operator-mutating-webhook-configuration",
  validating: "tempo-operator-validating-webhook-configuration",
  /** Not the Go operator's, which cert-manager may look after. */
  certificates: "tempo-operator-webhook-certificates",
  /** The Go operator's, where something else than the operator issues the certificate. */
  mountedCertificate: "webhook-server-cert",
} as const;

export const webhookPort = 9443;

/** How the webhooks are reached. */
export interface WebhookConfigurationOptions {
  /** Where the operator runs. */
  readonly namespace: string;
  /** Of the operator's pods. */
  readonly selector: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the configurations: `cert-manager.io/inject-ca-from: …`. Default none: the operator injects its own. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The Service and both configurations, to be applied along with the operator. */
export function webhookObjects(options: WebhookConfigurationOptions): readonly KubeObject[] {
  return [declared(options).service, ...webhookConfigurations(options)];
}

/** Both configurations alone, for whoever reaches the webhooks in another way. */
export function webhookConfigurations(
  options: WebhookConfigurationOptions,
): readonly [MutatingWebhookConfiguration, ValidatingWebhookConfiguration] {
  const { mutatingWebhookConfiguration, validatingWebhookConfiguration } = declared(options);
  return [
    named(mutatingWebhookConfiguration!, webhookNames.mutating),
    named(validatingWebhookConfiguration!, webhookNames.validating),
  ];
}

function declared({ namespace, ...options }: WebhookConfigurationOptions): WebhookManifests {
  const webhooks: readonly AdmissionWebhook[] = admissionRules({
    settings: communitySettings,
    client: () => {
      throw new Error("webhooks that are only declared are asked nothing");
    },
  });
  const service = { namespace, name: webhookNames.service };
  return webhookManifests({ webhooks }, { ...options, service, targetPort: webhookPort });
}

const named = <T extends KubeObject>(object: T, name: string): T => ({
  ...object,
  metadata: { ...object.metadata, name },
});
