import {
  Deployment,
  isForbidden,
  isNotFound,
  type KubeObject,
  NetworkPolicy,
  ownerReference,
  type Resource,
  sleep,
} from "@homeostat/api";
import type { Manager, Runnable } from "@homeostat/runtime";
import { apiServerEndpoints } from "../platform/api-server-endpoints.ts";
import { PrometheusRule, ServiceMonitor } from "../platform/kinds.ts";
import { operatorLabels, operatorMonitoring } from "../resources/observability/operator-monitoring.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";

export interface SelfCareOptions {
  /** Where the operator runs. */
  readonly namespace: string;
  readonly settings: OperatorSettings;
  /** Whether it serves webhooks. */
  readonly webhooks: boolean;
  /** Port of its metrics. */
  readonly metricsPort?: number;
  /** Port of its webhooks. */
  readonly webhookPort?: number;
  /** How often it looks again, in milliseconds: the API server may move. Default 600000. */
  readonly intervalMs?: number;
}

/** After a failure it tries again this soon, in milliseconds. */
const retryMs = 30_000;

/**
 * What the operator makes for itself while it leads: NetworkPolicies, a ServiceMonitor and alerts, each by its gate, owned
 * by the operator's Deployment so that they go with it. What a gate does not want any more is taken away. A failure is
 * logged and holds up nothing else.
 */
export function selfCare(manager: Manager, options: SelfCareOptions): Runnable {
  const { intervalMs = 600_000 } = options;
  return {
    name: "self-care",
    async run(signal) {
      while (!signal.aborted) {
        const waitMs = await settle(manager, options, signal).then(
          () => intervalMs,
          (error: unknown) => {
            if (!signal.aborted)
              manager.log.error({ err: error }, "The operator's own policies and monitors are not as they should be");
            return retryMs;
          },
        );
        await sleep(manager.clock, waitMs, signal).catch(() => {});
      }
    },
  };
}

const kinds: readonly Resource[] = [NetworkPolicy, ServiceMonitor, PrometheusRule];
const kindOf = ({ kind }: KubeObject): Resource => kinds.find((resource) => resource.kind === kind)!;

async function settle({ client }: Manager, options: SelfCareOptions, signal: AbortSignal): Promise<void> {
  const { namespace, settings } = options;
  const apiServer = await apiServerEndpoints(client);
  const objectsFor = (gates: OperatorSettings["gates"]) =>
    operatorMonitoring({ ...options, settings: { ...settings, gates }, apiServer }) as readonly KubeObject[];
  const wanted = objectsFor(settings.gates);
  const owner = await deploymentOf(client, namespace, signal);
  const ownerReferences = owner ? { ownerReferences: [ownerReference({ ...owner, ...gvk })] } : {};
  for (const object of wanted) {
    const metadata = { ...object.metadata, namespace, ...ownerReferences };
    await client.apply(
      kindOf(object),
      { ...object, metadata },
      { fieldManager: "tempo-operator", force: true, signal },
    );
  }
  const isWanted = (one: KubeObject) =>
    wanted.some(({ kind, metadata }) => kind === one.kind && metadata?.name === one.metadata?.name);
  for (const object of objectsFor(allOn(settings.gates)).filter((one) => !isWanted(one)))
    await takeAway(client, kindOf(object), { namespace, name: object.metadata?.name ?? "" }, signal);
}

const gvk = { apiVersion: "apps/v1", kind: "Deployment" };

const allOn = (gates: OperatorSettings["gates"]): OperatorSettings["gates"] => ({
  ...gates,
  networkPolicies: true,
  "observability.metrics.createServiceMonitors": true,
  "observability.metrics.createPrometheusRules": true,
});

/** Labels of the operator's Deployment, whether manifests or Helm have made it. */
const ownLabels = ["app.kubernetes.io/name", "control-plane"] as const;

/** The operator's own, where there is just one: what it owns goes with it. */
async function deploymentOf(client: Manager["client"], namespace: string, signal: AbortSignal) {
  const labelSelector = ownLabels.map((label) => `${label}=${operatorLabels[label]}`).join(",");
  const { items } = await client.list(Deployment, { namespace, labelSelector, from: "live", signal });
  return items.length === 1 ? items[0] : undefined;
}

/** Of the operator's own only. Of a kind that is not there, or that it may not touch, it has made none. */
async function takeAway(
  client: Manager["client"],
  resource: Resource,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    const found = await client.find(resource, key, { from: "live", signal });
    const name = "app.kubernetes.io/name";
    if (found?.metadata.labels?.[name] !== operatorLabels[name]) return;
    await client.delete(resource, key, { preconditions: { uid: found.metadata.uid }, signal });
  } catch (error) {
    if (!isNotFound(error) && !isForbidden(error)) throw error;
  }
}
