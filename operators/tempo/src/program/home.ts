/** The pod that the operator runs in. */
export interface Home {
  readonly namespace: string;
}

const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/**
 * Where the operator itself runs: the namespace of its Lease, of its webhooks' Service and certificates, of what it
 * makes for itself. Undefined on a machine outside of the cluster, where an API server could not call its webhooks either.
 *
 * @param readFile throws where there is no such file
 */
export function homeOf(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): Home | undefined {
  const told = env["POD_NAMESPACE"]?.trim();
  if (told) return { namespace: told };
  try {
    const namespace = readFile(namespaceFile).trim();
    return namespace === "" ? undefined : { namespace };
  } catch {
    return undefined;
  }
}
