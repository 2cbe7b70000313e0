/** Credentials in a kubeconfig. */
export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** PEM; with `key` the client's identity. */
  readonly certificate?: string;
  readonly key?: string;
  /** A bearer token instead. */
  readonly token?: string;
  /** Names cluster, user and context. Default `homeostat`. */
  readonly name?: string;
  /** Default: none, which clients take for `default`. */
  readonly namespace?: string;
}

/**
 * A kubeconfig with everything in it, as kubectl and all clients read it. JSON is YAML, but people look into these
 * files, so it is written as they are used to see it.
 */
export function kubeconfig(options: KubeconfigOptions): string {
  const name = JSON.stringify(options.name ?? "homeostat");
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  const user = options.token
    ? [`    token: ${JSON.stringify(options.token)}`]
    : [
        `    client-certificate-data: ${base64(options.certificate ?? "")}`,
        `    client-key-data: ${base64(options.key ?? "")}`,
      ];
  return [
    "apiVersion: v1",
    "kind: Config",
    `current-context: ${name}`,
    "clusters:",
    `- name: ${name}`,
    "  cluster:",
    `    server: ${options.server}`,
    `    certificate-authority-data: ${base64(options.certificateAuthority)}`,
    "contexts:",
    `- name: ${name}`,
    "  context:",
    `    cluster: ${name}`,
    `    user: ${name}`,
    ...(options.namespace ? [`    namespace: ${JSON.stringify(options.namespace)}`] : []),
    "users:",
    `- name: ${name}`,
    "  user:",
    ...user,
    "",
  ].join("\n");
}
