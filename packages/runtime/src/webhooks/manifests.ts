import type {
  CustomResourceDefinition,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  PolicyRule,
  Service,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import type { AdmissionWebhook } from "./admission.ts";
import type { InjectionTargets } from "./ca-injection.ts";
import type { Conversion } from "./conversion.ts";
import { conversionPath } from "./conversion-review.ts";
import type { Webhook } from "./webhook-server.ts";

/** The Service in front of a webhook server. */
export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  /** Default 443. */
  readonly port?: number;
}

export interface WebhookManifestOptions {
  readonly service: WebhookService;
  /** Labels of the pods that serve. */
  readonly selector: Readonly<Record<string, string>>;
  /** Name of both configurations. Default: that of the Service. */
  readonly name?: string;
  /** Port of the webhook server. Default 9443. */
  readonly targetPort?: number;
  /** Labels of all objects. Default none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** For a tool that injects certificates: `cert-manager.io/inject-ca-from: …`. Default none. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Certificates in PEM. Default none: something injects them. */
  readonly caBundle?: string;
}

export interface WebhookManifests {
  readonly service: Service;
  /** Undefined where no webhook is mutating. */
  readonly mutatingWebhookConfiguration?: MutatingWebhookConfiguration;
  /** Undefined where no webhook is validating. */
  readonly validatingWebhookConfiguration?: ValidatingWebhookConfiguration;
}

/**
 * What a cluster has to know of the webhooks of a server: pure, made of what was declared with them. Conversion goes
 * into CRDs by {@link withConversion}; authentication is configured by a file of the API server.
 *
 * @throws Error where two webhooks have one name
 */
export function webhookManifests(
  server: { readonly webhooks: readonly Webhook[] },
  options: WebhookManifestOptions,
): WebhookManifests {
  const { service, labels, annotations, name = service.name, targetPort = 9443 } = options;
  const declared = (type: AdmissionWebhook["type"]): MutatingWebhook[] => {
    const webhooks = server.webhooks
      .filter((webhook): webhook is AdmissionWebhook => webhook.type === type)
      .filter((webhook) => webhook.rules.length > 0)
      .map((webhook) => webhookEntry(webhook, options));
    const twice = webhooks.find((webhook, index) => webhooks.findIndex((other) => other.name === webhook.name) < index);
    if (twice) throw new Error(`two ${type} webhooks are named ${twice.name}: give one another name in its settings`);
    return webhooks;
  };
  const labelled = labels ? { labels } : {};
  const configuration = { name, ...labelled, ...(annotations ? { annotations } : {}) };
  const mutating = declared("mutating");
  const validating = declared("validating") as ValidatingWebhook[];
  const apiVersion = "admissionregistration.k8s.io/v1";
  return {
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: service.namespace, name: service.name, ...labelled },
      spec: {
        selector: options.selector,
        ports: [{ name: "webhook", port: service.port ?? 443, targetPort, protocol: "TCP" }],
      },
    },
    ...(mutating.length > 0
      ? {
          mutatingWebhookConfiguration: {
            apiVersion,
            kind: "MutatingWebhookConfiguration",
            metadata: configuration,
            webhooks: mutating,
          },
        }
      : {}),
    ...(validating.length > 0
      ? {
          validatingWebhookConfiguration: {
            apiVersion,
            kind: "ValidatingWebhookConfiguration",
            metadata: configuration,
            webhooks: validating,
          },
        }
      : {}),
  };
}

function webhookEntry(webhook: AdmissionWebhook, options: WebhookManifestOptions): MutatingWebhook {
  const { settings } = webhook;
  const { namespaceSelector, objectSelector, matchConditions, reinvocationPolicy } = settings;
  return {
    name: settings.name ?? `${webhook.path.slice(1).replaceAll(/[/_]/g, "-").toLowerCase()}.webhooks.local`,
    clientConfig: clientConfig(webhook.path, options),
    rules: webhook.rules,
    failurePolicy: settings.failurePolicy ?? "Fail",
    matchPolicy: settings.matchPolicy ?? "Equivalent",
    sideEffects: settings.sideEffects ?? "None",
    timeoutSeconds: settings.timeoutSeconds ?? 10,
    admissionReviewVersions: ["v1"],
    ...(namespaceSelector ? { namespaceSelector } : {}),
    ...(objectSelector ? { objectSelector } : {}),
    ...(matchConditions ? { matchConditions } : {}),
    ...(reinvocationPolicy && webhook.type === "mutating" ? { reinvocationPolicy } : {}),
  };
}

function clientConfig(path: string, { service, caBundle }: Pick<WebhookManifestOptions, "service" | "caBundle">) {
  const { namespace, name, port } = service;
  return {
    service: { namespace, name, path, ...(port === undefined ? {} : { port }) },
    ...(caBundle === undefined ? {} : { caBundle: Buffer.from(caBundle).toString("base64") }),
  };
}

/**
 * A CRD whose versions are converted by the webhook.
 *
 * @throws Error where the conversion is of another kind, or does not know a version of the CRD
 */
export function withConversion(
  crd: CustomResourceDefinition,
  conversion: Conversion,
  options: Pick<WebhookManifestOptions, "service" | "caBundle">,
): CustomResourceDefinition {
  const { group, names, versions } = crd.spec;
  const crdName = `${names.plural}.${group}`;
  if (conversion.group !== group || conversion.kind !== names.kind)
    throw new Error(`crd ${crdName}: the conversion is of ${conversion.kind} of ${conversion.group}`);
  const missing = versions.map(({ name }) => name).filter((name) => !conversion.versions.includes(name));
  if (missing.length > 0)
    throw new Error(`crd ${crdName}: the conversion has no converter for ${missing.join(", ")}: add one`);
  return {
    ...crd,
    spec: {
      ...crd.spec,
      conversion: {
        strategy: "Webhook",
        webhook: { clientConfig: clientConfig(conversionPath, options), conversionReviewVersions: ["v1"] },
      },
    },
  };
}

/** What `selfManagedCertificates` has to be allowed. */
export function certificatePolicyRules(options: {
  readonly secret: { readonly name: string };
  readonly injectInto?: InjectionTargets;
}): {
  /** For a Role in the Secret's namespace. */
  readonly role: readonly PolicyRule[];
  /** For a ClusterRole. */
  readonly clusterRole: readonly PolicyRule[];
} {
  const { mutatingWebhookConfigurations, validatingWebhookConfigurations, customResourceDefinitions } =
    options.injectInto ?? {};
  const inject = (apiGroup: string, resource: string, resourceNames: readonly string[] = []): PolicyRule[] =>
    resourceNames.length === 0
      ? []
      : [{ apiGroups: [apiGroup], resources: [resource], resourceNames, verbs: ["get", "patch", "watch"] }];
  return {
    role: [
      {
        apiGroups: [""],
        resources: ["secrets"],
        resourceNames: [options.secret.name],
        verbs: ["get", "update", "watch"],
      },
      // An object that does not exist has no name yet, as far as permissions go.
      { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    ],
    clusterRole: [
      ...inject("admissionregistration.k8s.io", "mutatingwebhookconfigurations", mutatingWebhookConfigurations),
      ...inject("admissionregistration.k8s.io", "validatingwebhookconfigurations", validatingWebhookConfigurations),
      ...inject("apiextensions.k8s.io", "customresourcedefinitions", customResourceDefinitions),
    ],
  };
}
