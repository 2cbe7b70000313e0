import { join } from "node:path";
import type { Manager } from "@homeostat/runtime";
import { type CertificateSource, certificateFiles } from "@homeostat/runtime/webhooks";
import { settingsOf } from "../controller/platform-of.ts";
import { servingCertificates } from "../manifests/kustomize.ts";
import type { NetworkInterfaces } from "../platform/ipv6-only.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import type { ProgramSettings } from "../settings/program-settings.ts";
import { addTempoWebhooks } from "../webhooks/tempo-webhooks.ts";
import { listenAddress } from "./addresses.ts";
import type { Home } from "./home.ts";
import { selfCare } from "./self-care.ts";

export interface SetupOptions {
  readonly settings: OperatorSettings;
  readonly program: Pick<ProgramSettings, "webhooks" | "metrics">;
  readonly home: Home;
  readonly interfaces: NetworkInterfaces;
  /** @throws where there is no such file */
  readonly readFile: (path: string) => string;
}

/** What runs beside the controllers in a cluster: webhooks, and what the operator makes for itself. */
export const setupOf =
  ({ settings, program, home, interfaces, readFile }: SetupOptions) =>
  async (manager: Manager): Promise<void> => {
    const { webhooks, metrics } = program;
    if (webhooks.enabled) {
      const address = listenAddress(`:${webhooks.port}`, interfaces) || `:${webhooks.port}`;
      const certificates = mountedCertificate(manager, readFile);
      addTempoWebhooks(manager, {
        settings: await withClusterProfile(manager, settings),
        namespace: home.namespace,
        address,
        ...(certificates ? { certificates } : {}),
      });
    }
    const port = Number(metrics.bindAddress.split(":").at(-1));
    manager.add(
      selfCare(manager, {
        namespace: home.namespace,
        settings,
        webhooks: webhooks.enabled,
        ...(webhooks.port > 0 ? { webhookPort: webhooks.port } : {}),
        ...(port > 0 ? { metricsPort: port } : {}),
      }),
    );
  };

/** The certificate that cert-manager issues, where the manifests mount it; undefined: the operator makes its own. */
function mountedCertificate(manager: Manager, readFile: SetupOptions["readFile"]): CertificateSource | undefined {
  const [certificate, key] = [join(servingCertificates, "tls.crt"), join(servingCertificates, "tls.key")];
  try {
    readFile(certificate);
  } catch {
    return undefined;
  }
  return certificateFiles({ certificate, key, log: manager.log, registry: manager.registry });
}

/** The profile of the cluster as it is at the start; one that cannot be read must not keep the operator from starting. */
async function withClusterProfile(manager: Manager, settings: OperatorSettings): Promise<OperatorSettings> {
  try {
    return await settingsOf(manager.unfencedClient, settings);
  } catch (error) {
    manager.log.warn({ err: error }, "TLS profile of the cluster is not known: webhooks go by TLS_PROFILE");
    return settings;
  }
}
