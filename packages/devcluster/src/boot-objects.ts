import { ConfigMap, isAlreadyExists, StorageClass } from "@homeostat/api";
import type { Client } from "@homeostat/runtime";
import { standardStorageClass } from "./controllers/volume-binder.ts";

/**
 * Makes what a cluster's controllers bring beside themselves. A storage that outlives the process has them already: the
 * class stays as people left it, and certificates become those of now.
 */
export async function createBootObjects(client: Client, certificateAuthority: string): Promise<void> {
  const authentication = extensionAuthentication(certificateAuthority);
  await Promise.all([
    createOnce(client),
    client.apply(ConfigMap, authentication, { fieldManager: "kube-apiserver", force: true }),
  ]);
}

async function createOnce(client: Client): Promise<void> {
  try {
    await client.create(StorageClass, standardStorageClass);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
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
