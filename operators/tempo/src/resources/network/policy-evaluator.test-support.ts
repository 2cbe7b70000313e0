import { BlockList } from "node:net";
import type { LabelSelector, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "@homeostat/api";

type Labels = Readonly<Record<string, string>>;
export interface Pod {
  readonly namespace: string;
  readonly labels: Labels;
  readonly namespaceLabels?: Labels;
}
/** A host that is no pod. */
export interface Host {
  readonly ip: string;
}
export interface Traffic {
  readonly from: Pod | Host;
  readonly to: Pod | Host;
  /** `4317`, or `UDP 6831`. */
  readonly port: number | string;
}

/**
 * Whether policies of the namespace `shop` let a connection through: they must at both ends. A pod that no policy selects
 * for a direction is open in it. Blocks of addresses are matched by hosts only, as pods' addresses need not be seen.
 */
export function canConnect(policies: readonly NetworkPolicy[], { from, to, port }: Traffic): boolean {
  return isOpen(policies, "Egress", from, to, port) && isOpen(policies, "Ingress", to, from, port);
}

function isOpen(
  policies: readonly NetworkPolicy[],
  direction: "Egress" | "Ingress",
  own: Pod | Host,
  other: Pod | Host,
  port: Traffic["port"],
): boolean {
  if ("ip" in own || own.namespace !== "shop") return true;
  const selecting = policies.filter(
    ({ spec }) => spec?.policyTypes?.includes(direction) && matches(spec.podSelector ?? {}, own.labels),
  );
  if (selecting.length === 0) return true;
  const rules = selecting.flatMap(({ spec }) =>
    direction === "Egress"
      ? (spec?.egress ?? []).map(({ ports, to }) => ({ ports, peers: to }))
      : (spec?.ingress ?? []).map(({ ports, from }) => ({ ports, peers: from })),
  );
  return rules.some(
    ({ ports, peers }) => hasPort(ports, port) && (peers === undefined || peers.some((peer) => isPeer(peer, other))),
  );
}

function hasPort(ports: readonly NetworkPolicyPort[] | undefined, wanted: number | string): boolean {
  const [protocol, number] = typeof wanted === "number" ? ["TCP", wanted] : ["UDP", Number(wanted.slice(4))];
  return ports === undefined || ports.some((port) => port.protocol === protocol && port.port === number);
}

function isPeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, other: Pod | Host): boolean {
  if ("ip" in other) return ipBlock?.cidr !== undefined && isInside(ipBlock.cidr, other.ip);
  if (ipBlock) return false;
  const { namespace, namespaceLabels, labels } = other;
  const isNamespace = namespaceSelector
    ? matches(namespaceSelector, { "kubernetes.io/metadata.name": namespace, ...namespaceLabels })
    : namespace === "shop";
  return isNamespace && matches(podSelector ?? {}, labels);
}

function isInside(cidr: string, ip: string): boolean {
  const [address = "", bits] = cidr.split("/");
  const family = (text: string) => (text.includes(":") ? "ipv6" : "ipv4");
  const block = new BlockList();
  block.addSubnet(address, Number(bits), family(address));
  return block.check(ip, family(ip));
}

function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  if (matchExpressions.some(({ operator }) => operator !== "Exists")) throw new Error("only Exists is known here");
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key }) => key in labels)
  );
}
