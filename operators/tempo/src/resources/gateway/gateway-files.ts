import { createHash } from "node:crypto";
import { ConfigMap, type ObjectMeta, objectOf, Secret } from "@homeostat/api";

export interface GatewayFiles {
  readonly configMap: ConfigMap;
  readonly secret: Secret;
  /** Of the gateway's pods, which read their files only when they start. */
  readonly annotations: Readonly<Record<string, string>>;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The two objects that hold the gateway's files, of the same name: what may be seen, and what may not. */
export function gatewayFiles(metadata: ObjectMeta, rbacYaml: string, tenantsYaml: string): GatewayFiles {
  return {
    configMap: objectOf(ConfigMap, { metadata, data: { "rbac.yaml": rbacYaml } }),
    secret: objectOf(Secret, {
      metadata,
      type: "Opaque",
      data: { "tenants.yaml": Buffer.from(tenantsYaml).toString("base64") },
    }),
    annotations: {
      "tempo.grafana.com/rbacConfig.hash": sha256(rbacYaml),
      "tempo.grafana.com/tenantsConfig.hash": sha256(tenantsYaml),
    },
  };
}
