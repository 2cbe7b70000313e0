import { type KubeObject, type PolicyRule, type Resource, Secret } from "@homeostat/api";
import type { ControllerDefinition, Manager, Operator } from "@homeostat/runtime";
import { TempoMonolithic } from "./api/tempo-monolithic.ts";
import { TempoStack } from "./api/tempo-stack.ts";
import { type TempoControllersOptions, tempoControllers } from "./controller/controllers.ts";
import { homeRules, permissions } from "./permissions.ts";
import { communitySettings } from "./settings/operator-settings.ts";

export interface TempoOperatorOptions extends TempoControllersOptions {
  /** What runs beside the controllers: webhooks, what the operator makes for itself. Default: nothing. */
  readonly setup?: (manager: Manager) => void | Promise<void>;
}

/** The operator as a value: its kinds, its controllers, and something to try it with. */
export interface TempoOperator extends Operator {
  // biome-ignore lint/suspicious/noExplicitAny: controllers of several kinds stand in one list, and no variance fits
  readonly controllers: () => ControllerDefinition<any>[];
  readonly resources: readonly [typeof TempoStack, typeof TempoMonolithic];
  readonly rules: readonly PolicyRule[];
  /** In the order of making. */
  readonly samples: readonly { readonly resource: Resource; readonly object: KubeObject }[];
}

export function tempoOperator({ setup, ...options }: TempoOperatorOptions = {}): TempoOperator {
  const { metricsAuth, webhooks, openshift, openshiftCluster } = permissions;
  const { settings = communitySettings } = options;
  return {
    name: "tempo",
    resources: [TempoStack, TempoMonolithic],
    controllers: () => tempoControllers(options),
    ...(setup ? { setup } : {}),
    rules: [
      ...metricsAuth,
      ...webhooks,
      ...(settings.distribution === "openshift" ? [...openshift, ...openshiftCluster] : []),
    ],
    ownRules: homeRules,
    samples: [
      { resource: Secret, object: storage },
      { resource: TempoStack, object: simplest },
    ],
  };
}

const data = (fields: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

/** Where a MinIO would be. Nothing asks it: pods of a pretended cluster only pretend to run. */
const storage = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "minio-test", namespace: "default" },
  type: "Opaque",
  data: data({
    endpoint: "http://minio:9000",
    bucket: "tempo",
    access_key_id: "tempo",
    access_key_secret: "supersecret",
  }),
} satisfies Secret;

const simplest = TempoStack.object({
  metadata: { name: "simplest", namespace: "default" },
  spec: {
    storage: { secret: { name: "minio-test", type: "s3" } },
    storageSize: "200M",
  },
});
