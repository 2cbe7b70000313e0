import type { Clock } from "@homeostat/api";
import { type CredentialSource, tokenFileCredentials } from "./credentials.ts";
import { type Host, KubeconfigError } from "./kubeconfig.ts";

/**
 * How a pod reaches its own cluster: address from the environment, token, authority and namespace from the files the
 * kubelet mounts. Source: Kubernetes docs, "Accessing the Kubernetes API from a Pod".
 */
export interface InClusterConfig {
  readonly server: string;
  readonly ca: string;
  readonly credentials: CredentialSource;
  readonly namespace: string | undefined;
}

const directory = "/var/run/secrets/kubernetes.io/serviceaccount";

/** @returns undefined outside of a pod */
export function inClusterConfig(host: Host, clock: Clock): InClusterConfig | undefined {
  const address = host.env["KUBERNETES_SERVICE_HOST"];
  const port = host.env["KUBERNETES_SERVICE_PORT"];
  if (!address || !port) return undefined;
  const read = (file: string): string | undefined => {
    try {
      return host.readFile(`${directory}/${file}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new KubeconfigError(`cannot read ${directory}/${file}: ${(error as Error).message}`, { cause: error });
    }
  };
  // Pods with automountServiceAccountToken: false have the address but no way to say who they are.
  if (read("token") === undefined) return undefined;
  const ca = read("ca.crt");
  if (ca === undefined)
    throw new KubeconfigError(`cannot read ${directory}/ca.crt: the service account is mounted in part`);
  return {
    server: `https://${address.includes(":") ? `[${address}]` : address}:${port}`,
    ca,
    credentials: tokenFileCredentials({ path: `${directory}/token`, readFile: host.readFile, clock }),
    namespace: read("namespace")?.trim() || undefined,
  };
}
