// One operator works on several clusters: its own, and each for which a Secret with a kubeconfig lies there. Every request
// carries its cluster, and is given that one's client; clusters come and go with their Secrets while it runs.
import { ConfigMap, Namespace } from "@homeostat/api";
import {
  controllerFor,
  type KubeconfigSecretsOptions,
  kubeconfigSecrets,
  type Manager,
  runOperator,
} from "@homeostat/runtime";

/** Tells in each namespace of a team whom to call, in whichever cluster it is. */
const contacts = controllerFor(Namespace, {
  name: "contacts",
  labelSelector: "team",
  clusters: "all",
  access: { children: [ConfigMap] },
}).reconcile(async ({ object: { metadata }, client, request }) => {
  await client.apply(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: metadata.name, name: "contact" },
    data: { team: metadata.labels!["team"]!, cluster: request.cluster ?? "own" },
  });
});

const kubeconfigs = { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] };
export const operator = { name: "contacts", controllers: [contacts], rules: [kubeconfigs] };

/** Follows Secrets labelled `sigs.k8s.io/multicluster-runtime-kubeconfig=true`; their names are those of the clusters. */
export function followClusters({ clusters, cache }: Manager, options: Partial<KubeconfigSecretsOptions> = {}) {
  return kubeconfigSecrets({ clusters, cache, namespace: "default", ...options });
}

if (import.meta.main) {
  await runOperator({ ...operator, setup: (manager) => manager.add(followClusters(manager)) });
}
