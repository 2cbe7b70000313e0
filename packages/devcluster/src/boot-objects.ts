import { ConfigMap, isAlreadyExists, type KubeObject, type Resource, StorageClass } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { standardStorageClass } from "./controllers/volume-binder.ts";

/** Makes what a cluster's controllers bring beside themselves. What is there already stays as it is. */
export async function createBootObjects(client: Client, certificateAuthority: string): Promise<void> {
  await Promise.all([
    ensure(client, StorageClass, standardStorageClass),
    ensure(client, ConfigMap, extensionAuthentication(certificateAuthority)),
  ]);
}

/** By this servers behind the API server know whom to trust. Source: kube-apiserver, `extension-apiserver-authentication`. */
function extensionAuthentication(certificateAuthority: string): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: {
      "client-ca-file": certificateAuthority,
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-client-ca-file": certificateAuthority,
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-username-headers": '["X-Remote-User"]',
    },
  };
}

async function ensure<T extends KubeObject>(client: Client, resource: Resource<T>, object: T): Promise<void> {
  try {
    await client.create(resource, object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
