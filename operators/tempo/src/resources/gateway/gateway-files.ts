import { ConfigMap, type ObjectMeta, objectOf, Secret } from "@homeostat/api";
import { hashAnnotations, textHashPart } from "../pod/hash-annotations.ts";
import { joinParts, type PodPart } from "../pod/pod-part.ts";

export interface GatewayFiles {
  readonly configMap: ConfigMap;
  readonly secret: Secret;
  /** Of the gateway's pods, which read their files only when they start. */
  readonly hashes: PodPart;
}

/** The two objects that hold the gateway's files, of the same name: what may be seen, and what may not. */
export function gatewayFiles(metadata: ObjectMeta, rbacYaml: string, tenantsYaml: string): GatewayFiles {
  return {
    configMap: objectOf(ConfigMap, { metadata, data: { "rbac.yaml": rbacYaml } }),
    secret: objectOf(Secret, {
      metadata,
      type: "Opaque",
      data: { "tenants.yaml": Buffer.from(tenantsYaml).toString("base64") },
    }),
    hashes: joinParts([
      textHashPart(hashAnnotations.rbac, rbacYaml),
      textHashPart(hashAnnotations.tenants, tenantsYaml),
    ]),
  };
}
