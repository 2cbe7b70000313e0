import { KubeconfigError, type loadKubeconfig, resolveContext } from "@homeostat/runtime";

/** What flags say of a cluster, over what its kubeconfig says; as kubectl's flags of these names. Paths are absolute. */
export interface KubeOverrides {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly tlsServerName?: string;
  readonly certificateAuthority?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly proxyUrl?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly asUid?: string;
  readonly asGroup?: readonly string[];
}

type Kubeconfig = NonNullable<ReturnType<typeof loadKubeconfig>>;
type Context = ReturnType<typeof resolveContext>;

/**
 * The context that a kubeconfig and flags come to. A server that is given needs no kubeconfig.
 *
 * @param context its name. Default: the current one
 * @throws KubeconfigError
 */
export function resolveWithOverrides(
  config: Kubeconfig | undefined,
  context: string | undefined,
  overrides: KubeOverrides = {},
): Context {
  const resolved = config ? resolveContext(withNames(config, context, overrides), context) : fromServer(overrides);
  return {
    ...resolved,
    namespace: overrides.namespace ?? resolved.namespace,
    cluster: clusterWith(resolved.cluster, overrides),
    user: userWith(resolved.user, overrides),
  };
}

function fromServer({ server }: KubeOverrides): Context {
  if (server === undefined)
    throw new KubeconfigError("tests need a kubeconfig: programs that they run must find the cluster, too");
  return { name: "flags", cluster: { server }, user: {}, namespace: undefined };
}

/** Another cluster or user of the same kubeconfig in the context. */
function withNames(config: Kubeconfig, context: string | undefined, { cluster, user }: KubeOverrides): Kubeconfig {
  const name = context ?? config.currentContext ?? "";
  const own = config.contexts.get(name);
  if (!own || (cluster === undefined && user === undefined)) return config;
  const changed = { ...own, ...(cluster === undefined ? {} : { cluster }), ...(user === undefined ? {} : { user }) };
  return { ...config, contexts: new Map([...config.contexts, [name, changed]]) };
}

function clusterWith(cluster: Context["cluster"], overrides: KubeOverrides): Context["cluster"] {
  const { server, tlsServerName, certificateAuthority, insecureSkipTlsVerify, proxyUrl } = overrides;
  const { "certificate-authority": file, "certificate-authority-data": data, ...rest } = cluster;
  // Whom to trust is said once: by a flag, by another flag that says anybody, or by the kubeconfig.
  const trust =
    certificateAuthority !== undefined
      ? { "certificate-authority": certificateAuthority }
      : insecureSkipTlsVerify
        ? {}
        : {
            ...(file ? { "certificate-authority": file } : {}),
            ...(data ? { "certificate-authority-data": data } : {}),
          };
  return {
    ...rest,
    ...trust,
    ...(server === undefined ? {} : { server }),
    ...(tlsServerName === undefined ? {} : { "tls-server-name": tlsServerName }),
    ...(insecureSkipTlsVerify === undefined ? {} : { "insecure-skip-tls-verify": insecureSkipTlsVerify }),
    ...(proxyUrl === undefined ? {} : { "proxy-url": proxyUrl }),
  };
}

/** A way to prove who one is that is given by flags takes the place of that of the kubeconfig. */
function userWith(user: Context["user"], overrides: KubeOverrides): Context["user"] {
  const { clientCertificate, clientKey, token, username, password, as, asUid, asGroup } = overrides;
  const proofs = {
    ...(clientCertificate === undefined ? {} : { "client-certificate": clientCertificate }),
    ...(clientKey === undefined ? {} : { "client-key": clientKey }),
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  return {
    ...(Object.keys(proofs).length > 0 ? proofs : user),
    ...(as === undefined ? {} : { as }),
    ...(asUid === undefined ? {} : { "as-uid": asUid }),
    ...(asGroup === undefined ? {} : { "as-groups": asGroup }),
  };
}
