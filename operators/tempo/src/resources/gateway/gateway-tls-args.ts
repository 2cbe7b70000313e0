import { certificates } from "../../config/tls-blocks.ts";
import type { TlsProfile } from "../../settings/tls-profile.ts";

/** What the gateway shows inside of the cluster, to probes and scrapes, and to the components behind it. */
export const internalTlsArgs: readonly string[] = [
  `--tls.internal.server.key-file=${certificates.key}`,
  `--tls.internal.server.cert-file=${certificates.cert}`,
  `--traces.tls.key-file=${certificates.key}`,
  `--traces.tls.cert-file=${certificates.cert}`,
  `--traces.tls.ca-file=${certificates.ca}`,
  "--traces.tls.watch-certs=true",
];

export function profileTlsArgs({ cipherSuites, minVersion }: TlsProfile): readonly string[] {
  return [
    ...(cipherSuites.length > 0 ? [`--tls.cipher-suites=${cipherSuites.join(",")}`] : []),
    ...(minVersion ? [`--tls.min-version=${minVersion}`] : []),
  ];
}

/** What the gateway shows to clients: the certificate that OpenShift issues for its Service. */
export function servingTlsArgs({
  certDir,
  caDir,
  serverName,
}: {
  readonly certDir: string;
  readonly caDir: string;
  readonly serverName: string;
}): readonly string[] {
  return [
    `--tls.server.cert-file=${certDir}/tls.crt`,
    `--tls.server.key-file=${certDir}/tls.key`,
    `--tls.healthchecks.server-ca-file=${caDir}/service-ca.crt`,
    `--tls.healthchecks.server-name=${serverName}`,
    "--web.healthchecks.url=https://localhost:8080",
    "--tls.client-auth-type=NoClientCert",
  ];
}
