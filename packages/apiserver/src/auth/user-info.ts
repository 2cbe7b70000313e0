/** Who sends a request. Source: authentication.k8s.io/v1 `UserInfo`. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const anonymous: UserInfo = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** Bypasses authorization by its group; the identity of the kubeconfig a boot writes. */
export const admin: UserInfo = { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
