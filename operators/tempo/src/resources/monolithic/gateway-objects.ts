import { componentName } from "../../names.ts";
import { type GatewayFiles, gatewayFiles } from "../gateway/gateway-files.ts";
import { rbacYaml } from "../gateway/rbac-yaml.ts";
import { tenantsYaml } from "../gateway/tenants-yaml.ts";
import { tokenReviewRole } from "../gateway/token-review-role.ts";
import type { MonolithicInput, Objects } from "../input.ts";
import { isOpenshiftMode, serviceAccountOf } from "./features.ts";
import { app, monolithicMetadata } from "./metadata.ts";

/** What the gateway reads: who may do what, and how tenants are recognised. */
export function filesOfGateway(input: MonolithicInput): GatewayFiles {
  const { name, namespace, spec, baseDomain = "" } = input;
  const tenants = spec.multitenancy!;
  return gatewayFiles(
    monolithicMetadata(name, "gateway"),
    rbacYaml(tenants),
    tenantsYaml({
      tenants,
      secrets: input.tenants,
      serviceAccount: serviceAccountOf(input),
      routeHost: `${componentName(name, "jaegerui")}-${namespace}.${baseDomain}`,
      opaPackage: "tempomonolithic",
    }),
  );
}

/** In mode openshift the gateway asks the cluster whose tokens it is shown. */
export function gatewayRights(input: MonolithicInput): Objects {
  return isOpenshiftMode(input) ? tokenReviewRole(input, serviceAccountOf(input), app) : [];
}
