// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./certificates-v1.types.ts";

export type * from "./certificates-v1.types.ts";

export type CertificateSigningRequest = types.CertificateSigningRequest;
export const CertificateSigningRequest: Resource<CertificateSigningRequest> = {
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  singular: "certificatesigningrequest",
  listKind: "CertificateSigningRequestList",
  scope: "Cluster",
  shortNames: ["csr"],
  subresources: ["approval", "status"],
};
