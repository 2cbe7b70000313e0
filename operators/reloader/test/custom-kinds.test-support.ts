import type { CustomResourceDefinition, Resource } from "@homeostat/api";
import { type DevCluster, expectApplied } from "@homeostat/devcluster";

/** Test support: has a cluster serve kinds of somebody else's, without a schema. */
export async function serve(cluster: DevCluster, ...resources: readonly Resource[]): Promise<void> {
  for (const { group, version, kind, plural, singular, listKind } of resources) {
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const versions = [{ name: version, served: true, storage: true, schema }];
    const names = { kind, plural, singular: singular!, listKind: listKind! };
    const spec = { group, scope: "Namespaced", names, versions };
    await expectApplied(cluster, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.${group}` },
      spec,
    } as CustomResourceDefinition);
  }
}
