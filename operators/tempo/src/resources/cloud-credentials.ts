import { objectOf } from "@homeostat/api";
import { componentName } from "../names.ts";
import { CredentialsRequest } from "../platform/kinds.ts";
import type { OperatorSettings } from "../settings/operator-settings.ts";
import { type StorageParams, tokenFile } from "../storage/params.ts";
import type { Objects } from "./input.ts";
import { managedCredentialsName } from "./pod/storage.ts";

interface Given {
  readonly name: string;
  readonly namespace: string;
  readonly spec: { readonly serviceAccount?: string | undefined };
  readonly storage: StorageParams;
  readonly settings: Pick<OperatorSettings, "roleArn">;
}

/**
 * Asks OpenShift for credentials to the bucket, for the service account of the pods; mode token-cco. Nothing in other
 * modes, and where the operator has no role to ask with: storage checks say so.
 */
export function credentialsRequest({ name, namespace, spec, storage, settings }: Given): Objects {
  const { roleArn } = settings;
  if (storage.type !== "s3" || storage.mode !== "token-cco" || !roleArn) return [];
  return [
    objectOf(CredentialsRequest, {
      metadata: { name },
      spec: {
        secretRef: { name: managedCredentialsName(name), namespace },
        providerSpec: {
          apiVersion: "cloudcredential.openshift.io/v1",
          kind: "AWSProviderSpec",
          statementEntries: [
            {
              effect: "Allow",
              action: ["s3:ListBucket", "s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
              resource: "arn:aws:s3:*:*:*",
            },
          ],
          stsIAMRoleARN: roleArn,
        },
        serviceAccountNames: [spec.serviceAccount || componentName(name)],
        cloudTokenPath: tokenFile,
      },
    }),
  ];
}
