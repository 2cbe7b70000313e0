import { ConfigMap } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { fieldManager } from "../engine/field-manager.ts";

export interface MetaInfo {
  /** Namespace and Deployment the operator runs in. Env RELOADER_NAMESPACE, RELOADER_DEPLOYMENT_NAME. */
  readonly namespace: string;
  readonly deployment: string;
  /** Version of the program. */
  readonly version: string;
  /** All options as they are in force, keys in camel case. */
  readonly options: object;
}

/**
 * Writes the ConfigMap `reloader-meta-info`, by which people (and Stakater's tools) see what runs and with which options.
 * The address of a webhook or of alerts is none of the options.
 */
export async function writeMetaInfo(
  client: Client,
  { namespace, deployment, version, options }: MetaInfo,
): Promise<void> {
  const name = "reloader-meta-info";
  const data = {
    buildInfo: JSON.stringify({ releaseVersion: version, edition: "homeostat" }),
    reloaderOptions: JSON.stringify(options),
    deploymentInfo: JSON.stringify({ name: deployment, namespace }),
  };
  const labels = { "reloader.stakater.com/meta-info": "reloader" };
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data };
  await client.apply(ConfigMap, map, { fieldManager, force: true });
}
