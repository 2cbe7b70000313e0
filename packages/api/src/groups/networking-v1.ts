// Generated from the facts of Kubernetes 1.36 by `node packages/api/generate/main.ts`: do not edit.

import type { Resource } from "../resource.ts";
import type * as types from "./networking-v1.types.ts";

export type * from "./networking-v1.types.ts";

export type IPAddress = types.IPAddress;
export const IPAddress: Resource<IPAddress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IPAddress",
  plural: "ipaddresses",
  singular: "ipaddress",
  listKind: "IPAddressList",
  scope: "Cluster",
  shortNames: ["ip"],
};

export type Ingress = types.Ingress;
export const Ingress: Resource<Ingress> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  singular: "ingress",
  listKind: "IngressList",
  scope: "Namespaced",
  shortNames: ["ing"],
  subresources: ["status"],
};

export type IngressClass = types.IngressClass;
export const IngressClass: Resource<IngressClass> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  singular: "ingressclass",
  listKind: "IngressClassList",
  scope: "Cluster",
};

export type NetworkPolicy = types.NetworkPolicy;
export const NetworkPolicy: Resource<NetworkPolicy> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  singular: "networkpolicy",
  listKind: "NetworkPolicyList",
  scope: "Namespaced",
  shortNames: ["netpol"],
};

export type ServiceCIDR = types.ServiceCIDR;
export const ServiceCIDR: Resource<ServiceCIDR> = {
  group: "networking.k8s.io",
  version: "v1",
  kind: "ServiceCIDR",
  plural: "servicecidrs",
  singular: "servicecidr",
  listKind: "ServiceCIDRList",
  scope: "Cluster",
  subresources: ["status"],
};
