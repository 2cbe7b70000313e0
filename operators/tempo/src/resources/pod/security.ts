import type { SecurityContext } from "@homeostat/api";

/** Of every container, save the policy agent's. */
export const restricted: SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
};
