import { join } from "node:path";
import { connect, type ManagerOptions } from "@homeostat/runtime";
import { certificateFiles } from "@homeostat/runtime/webhooks";
import type { NetworkInterfaces } from "../platform/ipv6-only.ts";
import type { ProgramSettings } from "../settings/program-settings.ts";
import { listenAddress } from "./addresses.ts";
import type { Home } from "./home.ts";

/** How the settings of the program make a manager. @param home undefined outside of a cluster: nobody is elected */
export function managerOptions(
  program: ProgramSettings,
  home: Home | undefined,
  interfaces: NetworkInterfaces,
): ManagerOptions {
  const { metrics, leaderElection, watchNamespaces, profilingAddress, kubeconfig } = program;
  const { enabled, namespace = home?.namespace, ...election } = leaderElection;
  return {
    name: "tempo-operator",
    metricsAddress: listenAddress(metrics.bindAddress, interfaces),
    metrics: metrics.secure ? { auth: true, secure: servingCertificate(metrics) } : {},
    healthAddress: listenAddress(program.healthBindAddress, interfaces),
    // As Go's operators serve profiles: plainly, at the address that was asked for.
    ...(profilingAddress === undefined ? {} : { profilingAddress: listenAddress(profilingAddress, interfaces) }),
    ...(profilingAddress === undefined ? {} : { profilingRemote: true }),
    ...(watchNamespaces.length === 0 ? {} : { namespaces: watchNamespaces }),
    ...(enabled && namespace !== undefined ? { leaderElection: { ...election, namespace } } : {}),
    ...(kubeconfig === undefined ? {} : { transport: connect({ kubeconfig }).transport }),
  };
}

/** The one in files, which may be renewed; else one made at start. */
function servingCertificate({ certificate }: ProgramSettings["metrics"]) {
  if (certificate === undefined) return true;
  return certificateFiles({
    certificate: join(certificate.directory, certificate.certificate),
    key: join(certificate.directory, certificate.key),
  });
}
