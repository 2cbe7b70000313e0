import type { Client } from "@homeostat/runtime";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { DNS, IngressController } from "./kinds.ts";
import { PlatformFinding } from "./platform-finding.ts";

/**
 * Domain of the cluster's Routes: what the operator was told, else what the default router says, else the cluster's own.
 * @throws Error where nobody says it
 */
export async function baseDomain(
  client: Pick<Client, "find">,
  { baseDomain: told }: Pick<OperatorSettings, "baseDomain">,
): Promise<string> {
  if (told) return told;
  // Live: a cache may be kept to other namespaces.
  const router = await client.find(
    IngressController,
    { namespace: "openshift-ingress-operator", name: "default" },
    { from: "live" },
  );
  const domain = router?.status?.domain || (await client.find(DNS, { name: "cluster" }))?.spec?.baseDomain;
  if (domain) return domain;
  throw new PlatformFinding(
    "nobody says the base domain of Routes: neither status.domain of IngressController openshift-ingress-operator/default " +
      "nor spec.baseDomain of DNS cluster; set variable OPENSHIFT_BASE_DOMAIN of the operator",
  );
}
