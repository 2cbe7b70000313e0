import { ConfigMap, EndpointSlice, Endpoints, isAlreadyExists, StorageClass } from "@homeostat/api";
import { type Client, silentLogger } from "@homeostat/runtime";
import { standardStorageClass } from "./controllers/volume-binder.ts";

/**
 * Makes what a cluster's controllers bring beside themselves. A storage that outlives the process has them already: the
 * class stays as people left it, and certificates become those of now.
 */
export async function createBootObjects(client: Client, certificateAuthority: string): Promise<void> {
  const authentication = extensionAuthentication(certificateAuthority);
  const asServer = { fieldManager: "kube-apiserver", force: true } as const;
  await Promise.all([
    createOnce(client),
    client.apply(ConfigMap, authentication, asServer),
    // That the kind is old is no news here.
    client.apply(Endpoints, serverEndpoints, { ...asServer, log: silentLogger }),
    client.apply(EndpointSlice, serverSlice, asServer),
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

/** Where the API server would be on a cluster: beside the nodes. Loopback, where it is, is no address of endpoints. */
const serverAddress = "10.0.255.254";
const serverPort = { name: "https", port: 6443, protocol: "TCP" } as const;

/** What stands behind the Service `kubernetes`, in both forms. Source: kube-apiserver, `EndpointsAdapter`. */
const serverEndpoints: Endpoints = {
  apiVersion: "v1",
  kind: "Endpoints",
  metadata: {
    name: "kubernetes",
    namespace: "default",
    // The slice is written beside it.
    labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
  },
  subsets: [{ addresses: [{ ip: serverAddress }], ports: [serverPort] }],
};

const serverSlice: EndpointSlice = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
  addressType: "IPv4",
  endpoints: [{ addresses: [serverAddress], conditions: { ready: true } }],
  ports: [serverPort],
};
