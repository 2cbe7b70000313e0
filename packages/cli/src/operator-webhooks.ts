import {
  isAlreadyExists,
  MutatingWebhookConfiguration,
  type Resource,
  systemClock,
  ValidatingWebhookConfiguration,
} from "@homeostat/api";
import type { Client, Logger, Manager } from "@homeostat/runtime";
import type { CertificateSource, WebhookServer } from "@homeostat/runtime/webhooks";

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** Webhooks of an operator, for whoever runs it in a cluster of this process. */
export interface OperatorWebhooks {
  /** Has the manager serve them. */
  serve(manager: Manager, where: { readonly address: string; readonly certificates: CertificateSource }): WebhookServer;
  /** As they are applied where the operator is deployed: a webhook is reached through a Service, at its path. */
  readonly configurations: readonly Configuration[];
}

/** Webhooks that are served beside a cluster of this process. */
export interface HostedWebhooks {
  /** To be called before the manager starts. */
  readonly setup: (manager: Manager) => void;
  /** Has the API server ask them. To be called once the manager runs: it serves webhooks before anything else. */
  announce(client: Client, log: Logger, signal?: AbortSignal): Promise<void>;
}

const host = "127.0.0.1";

/** Marks configurations that are of no use without the process that has made them. */
const label = "dev.homeostat/webhooks-of";

/** @param name of the operator */
export async function hostWebhooks(name: string, webhooks: OperatorWebhooks): Promise<HostedWebhooks> {
  const [{ createCertificateAuthority }, { fixedCertificate }] = await Promise.all([
    import("@homeostat/api/certificates"),
    import("@homeostat/runtime/webhooks"),
  ]);
  // Certificates are checked by the machine's time.
  const authority = createCertificateAuthority({ clock: systemClock });
  const certificate = authority.issue({ commonName: `${name}-webhooks`, usage: "server", hosts: [host] });
  let server: WebhookServer | undefined;
  return {
    setup(manager) {
      server = webhooks.serve(manager, { address: `${host}:0`, certificates: fixedCertificate(certificate) });
    },
    async announce(client, log, signal) {
      const caBundle = Buffer.from(authority.certificate).toString("base64");
      for (const configuration of webhooks.configurations)
        await announceOne(client, log, local(configuration, name, `https://${server?.address}`, caBundle), signal);
    },
  };
}

/** Reached at an address of this machine, in place of a Service whose pods do not exist. */
function local<T extends Configuration>(configuration: T, name: string, url: string, caBundle: string): T {
  const { metadata, webhooks = [] } = configuration;
  return {
    ...configuration,
    metadata: { ...metadata, labels: { ...metadata?.labels, [label]: name } },
    webhooks: webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { url: `${url}${webhook.clientConfig.service?.path ?? ""}`, caBundle },
    })),
  };
}

/** One of that name is somebody else's: who deploys the operator in the cluster wants that one to be asked. */
async function announceOne(
  client: Client,
  log: Logger,
  configuration: Configuration,
  signal: AbortSignal | undefined,
): Promise<void> {
  const resource = kinds.find(({ kind }) => kind === configuration.kind)!;
  try {
    await client.create(resource, configuration, { fieldManager: "homeostat", ...(signal ? { signal } : {}) });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { kind, metadata } = configuration;
    log.warn({ kind, name: metadata?.name }, "Webhooks are not announced: there is a configuration of that name");
  }
}

const kinds: readonly Resource[] = [MutatingWebhookConfiguration, ValidatingWebhookConfiguration];

/**
 * Takes configurations of hosted webhooks away, all of them. Where nobody answers any more they would have the API server
 * refuse what they were to judge, also in a cluster that is opened again.
 */
export async function withdrawWebhooks(client: Client): Promise<void> {
  await Promise.all(kinds.map((kind) => client.deleteAll(kind, { labelSelector: label })));
}
