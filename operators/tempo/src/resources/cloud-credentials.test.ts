import { describe, expect, it } from "vitest";
import type { CredentialsRequest } from "../platform/kinds.ts";
import type { S3Params } from "../storage/params.ts";
import { credentialsRequest } from "./cloud-credentials.ts";
import { monolithicInput, stackInput } from "./input.test-support.ts";

const cco: S3Params = { type: "s3", mode: "token-cco", bucket: "b", endpoint: "e", isHttps: true, region: "r" };
const roleArn = "arn:aws:iam::1:role/tempo";
const circumstances = { storage: cco, settings: { roleArn } } as const;

describe("credentialsRequest", () => {
  it("3.11: asks for a bucket's worth of rights, in mode token-cco", () => {
    expect(credentialsRequest(stackInput({}, circumstances))).toEqual([
      {
        apiVersion: "cloudcredential.openshift.io/v1",
        kind: "CredentialsRequest",
        metadata: { name: "simplest" },
        spec: {
          secretRef: { name: "simplest-managed-credentials", namespace: "shop" },
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
          serviceAccountNames: ["tempo-simplest"],
          cloudTokenPath: "/var/run/secrets/storage/serviceaccount/token",
        },
      },
    ]);
  });

  it.each([
    ["the stack's own account", stackInput({ serviceAccount: "mine" }, circumstances), "mine"],
    ["that of a TempoMonolithic (quirk 15)", monolithicInput({}, circumstances), "tempo-single"],
    ["its own one", monolithicInput({ serviceAccount: "mine" }, circumstances), "mine"],
  ])("3.11: asks for %s", (_, input, account) => {
    const [request] = credentialsRequest(input) as readonly CredentialsRequest[];
    expect(request?.spec?.serviceAccountNames).toEqual([account]);
  });

  it.each([
    ["another mode", stackInput({}, { ...circumstances, storage: { ...cco, mode: "token" } })],
    ["another store", monolithicInput({}, { settings: { roleArn } })],
    ["an operator without a role", stackInput({}, { storage: cco })],
  ])("3.11: asks for nothing with %s", (_, input) => {
    expect(credentialsRequest(input)).toEqual([]);
  });
});
