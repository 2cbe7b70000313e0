import type { StorageParams } from "../../storage/params.ts";

type Annotations = Readonly<Record<string, string>>;

/** What lets pods of an annotated service account use a bucket by the cloud's own identity, in mode token. */
export function cloudIdentity(storage: StorageParams): Annotations {
  if (storage.type === "s3" && storage.mode === "token")
    return {
      "eks.amazonaws.com/audience": "sts.amazonaws.com",
      "eks.amazonaws.com/role-arn": storage.roleArn ?? "",
    };
  if (storage.type === "azure" && storage.mode === "token")
    return {
      "azure.workload.identity/client-id": storage.clientId ?? "",
      "azure.workload.identity/tenant-id": storage.tenantId ?? "",
    };
  return {};
}

/**
 * Lets OpenShift's login send users back to a Route, on behalf of the annotated service account.
 *
 * @param key tells the references of one account apart
 */
export function loginRedirect(key: string, route: string): Annotations {
  const reference = { kind: "OAuthRedirectReference", apiVersion: "v1", reference: { kind: "Route", name: route } };
  return { [`serviceaccounts.openshift.io/oauth-redirectreference.${key}`]: JSON.stringify(reference) };
}
