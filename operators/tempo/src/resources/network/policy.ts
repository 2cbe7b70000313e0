import {
  type LabelSelector,
  NetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPort,
  objectOf,
} from "@homeostat/api";

export interface PolicyRules {
  readonly egress?: readonly NetworkPolicyEgressRule[];
  readonly ingress?: readonly NetworkPolicyIngressRule[];
}

/** A policy for the directions that it has rules of. */
export function policyOf(
  metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
  podSelector: LabelSelector,
  { egress = [], ingress = [] }: PolicyRules,
): NetworkPolicy {
  return objectOf(NetworkPolicy, {
    metadata,
    spec: {
      podSelector,
      ...(ingress.length > 0 ? { ingress } : {}),
      ...(egress.length > 0 ? { egress } : {}),
      policyTypes: [
        ...(egress.length > 0 ? (["Egress"] as const) : []),
        ...(ingress.length > 0 ? (["Ingress"] as const) : []),
      ],
    },
  });
}

export const tcp = (...numbers: readonly number[]): readonly NetworkPolicyPort[] =>
  numbers.map((port) => ({ protocol: "TCP" as const, port }));

export const udp = (...numbers: readonly number[]): readonly NetworkPolicyPort[] =>
  numbers.map((port) => ({ protocol: "UDP" as const, port }));
