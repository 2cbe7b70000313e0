import { createVirtualClock, type KubeObject, systemClock, type VirtualClock } from "@homeostat/api";
import { createDevCluster, type DevCluster, expectApplied } from "@homeostat/devcluster";
import { type Client, createClient, type Manager } from "@homeostat/runtime";
import { onTestFinished } from "vitest";
import { TempoMonolithic } from "../api/tempo-monolithic.ts";
import { TempoStack } from "../api/tempo-stack.ts";
import { communitySettings, type OperatorSettings } from "../settings/operator-settings.ts";
import { webhookNames, webhookObjects } from "./configurations.ts";
import { addTempoWebhooks } from "./tempo-webhooks.ts";

export const home = "tempo-operator-system";

/** Test support: a cluster whose API server asks the operator's webhooks, in virtual time. */
export interface AdmissionWorld {
  readonly cluster: DevCluster;
  readonly clock: VirtualClock;
  readonly manager: Manager;
  /** What the server warned of since the last look. */
  warnings(): readonly string[];
  /** As kubectl creates: an administrator, or a user who may do nothing but write Tempo's kinds. */
  readonly admin: Client;
  readonly developer: Client;
}

export async function startWebhooks(settings: OperatorSettings = communitySettings): Promise<AdmissionWorld> {
  const clock = createVirtualClock();
  let server: ReturnType<typeof addTempoWebhooks> | undefined;
  const cluster = await createDevCluster({
    clock,
    random: () => 0.5,
    controllers: "none",
    resolveService({ name }) {
      const [host, port] = name === webhookNames.service ? (server?.address ?? "").split(":") : [];
      return host ? { host, port: Number(port) } : undefined;
    },
  });
  onTestFinished(() => cluster.stop());
  await expectApplied(
    cluster,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: home } } as KubeObject,
    ...webhookObjects({ namespace: home, selector: { app: "tempo-operator" } }),
    ...developerRole(),
  );
  const manager = await cluster.run({
    name: "tempo",
    resources: [TempoStack, TempoMonolithic],
    controllers: [],
    setup(started) {
      const address = "127.0.0.1:0";
      server = addTempoWebhooks(started, { settings, namespace: home, address, certificateClock: systemClock });
    },
  });
  await untilTrusted(cluster, clock);
  const seen: string[] = [];
  const clientOf = (username?: string): Client =>
    createClient({
      transport: username === undefined ? cluster.transport() : cluster.transport({ username, groups: ["developers"] }),
      clock,
      onWarning: ({ text }) => seen.push(text),
    });
  return {
    cluster,
    clock,
    manager,
    warnings: () => seen.splice(0),
    admin: clientOf(),
    developer: clientOf("dora"),
  };
}

/** The operator writes its authority into the configurations soon after the start. */
async function untilTrusted(cluster: DevCluster, clock: VirtualClock): Promise<void> {
  const { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } = await import("@homeostat/api");
  await clock.until(async () => {
    const [mutating, validating] = await Promise.all([
      cluster.client.get(MutatingWebhookConfiguration, { name: webhookNames.mutating }),
      cluster.client.get(ValidatingWebhookConfiguration, { name: webhookNames.validating }),
    ]);
    const webhooks = [...(mutating.webhooks ?? []), ...(validating.webhooks ?? [])];
    return webhooks.length === 3 && webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined);
  }, "the operator's authority in both configurations");
}

function developerRole(): readonly KubeObject[] {
  const group = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: ["tempo.grafana.com"], resources: ["*"], verbs: ["*"] }];
  return [
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name: "tempo-developer" }, rules } as KubeObject,
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "tempo-developer" },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "tempo-developer" },
      subjects: [{ kind: "Group", name: "developers", apiGroup: group }],
    } as KubeObject,
  ];
}
