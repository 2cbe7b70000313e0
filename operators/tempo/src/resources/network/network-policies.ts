import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from "@homeostat/api";
import { componentName } from "../../names.ts";
import type { Objects, StackInput } from "../input.ts";
import { componentLabels } from "../labels.ts";
import { ports } from "../pod/ports.ts";
import { type Component, type Party, type PeerContext, peersOf } from "./peers.ts";
import { type PolicyRules, policyOf, tcp, udp } from "./policy.ts";
import { componentsOf, type Relation, relations } from "./relations.ts";

/**
 * Limits traffic to what a stack needs. All its pods are selected for both directions, so that what no rule lets
 * through is blocked; each relation between components is let through at both of its ends.
 */
export function networkPolicies(input: StackInput): Objects {
  if (input.spec.networkPolicy?.enabled === false) return [];
  const all = relations(input);
  const context = peerContext(input);
  return [
    gossip(input),
    metricsIngress(input),
    dns(input),
    ...componentsOf(input).map((component) => componentPolicy(component, all, context)),
  ];
}

function peerContext({ name, apiServer, settings, spec }: StackInput): PeerContext {
  return { name, apiServer, ipv6: settings.ipv6Only || spec.hashRing?.memberlist?.enableIPv6 === true };
}

/** Labels that all pods of the stack have, whatever their component. */
const instanceLabels = (name: string) => ({
  "app.kubernetes.io/instance": name,
  "app.kubernetes.io/managed-by": "tempo-operator",
});

function forAllPods({ name }: StackInput, policy: string, rules: PolicyRules): NetworkPolicy {
  const labels = instanceLabels(name);
  return policyOf({ name: componentName(name, policy), labels }, { matchLabels: labels }, rules);
}

/** The hash ring, and what its members ask each other over HTTP. */
function gossip(input: StackInput): NetworkPolicy {
  const members: readonly NetworkPolicyPeer[] = [{ podSelector: { matchLabels: instanceLabels(input.name) } }];
  const allowed = tcp(ports.memberlist.number, ports.http.number, ports.tempoInternal.number);
  return forAllPods(input, "gossip", {
    egress: [{ ports: allowed, to: members }],
    ingress: [{ ports: allowed, from: members }],
  });
}

/** Scrapes, by OpenShift's monitoring and by whom the spec names. */
function metricsIngress(input: StackInput): NetworkPolicy {
  const own = input.spec.networkPolicy?.metricsNamespaceSelector;
  const from: readonly NetworkPolicyPeer[] = [
    { namespaceSelector: { matchExpressions: [{ key: "openshift.io/cluster-monitoring", operator: "Exists" }] } },
    ...(own ? [{ namespaceSelector: own }] : []),
  ];
  return forAllPods(input, "ingress-to-operand-metrics", {
    ingress: [{ ports: tcp(ports.http.number), from }],
  });
}

function dns(input: StackInput): NetworkPolicy {
  const isOpenshift = input.settings.distribution === "openshift";
  const { port, namespace, pods } = isOpenshift
    ? { port: 5353, namespace: "openshift-dns", pods: { "dns.operator.openshift.io/daemonset-dns": "default" } }
    : { port: 53, namespace: "kube-system", pods: { "k8s-app": "kube-dns" } };
  const server: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: pods },
  };
  return forAllPods(input, isOpenshift ? "allow-dns-openshift" : "allow-dns", {
    egress: [{ ports: [...tcp(port), ...udp(port)], to: [server] }],
  });
}

function componentPolicy(component: Component, all: readonly Relation[], context: PeerContext): NetworkPolicy {
  const labels = componentLabels(context.name, component);
  const from = all.filter((one) => one.from === component);
  const to = all.filter((one) => one.to === component);
  return policyOf(
    { name: componentName(context.name, component), labels },
    { matchLabels: labels },
    { egress: egressRules(from, context), ingress: ingressRules(to, context) },
  );
}

/** A rule for each port of each target. */
function egressRules(all: readonly Relation[], context: PeerContext): readonly NetworkPolicyEgressRule[] {
  return byParty(all, ({ to }) => to).flatMap(([party, allowed]) => {
    const to = peersOf(party, context);
    return allowed === undefined ? [{ to }] : allowed.map((port) => ({ ports: [port], to }));
  });
}

/** A rule for each source. */
function ingressRules(all: readonly Relation[], context: PeerContext): readonly NetworkPolicyIngressRule[] {
  return byParty(all, ({ from }) => from).map(([party, allowed]) => {
    const from = peersOf(party, context);
    return allowed === undefined ? { from } : { ports: allowed, from };
  });
}

/** The other ends in order of their names, with all ports of their relations; undefined stands for any. */
function byParty(
  all: readonly Relation[],
  otherEnd: (relation: Relation) => Party,
): readonly (readonly [Party, readonly NetworkPolicyPort[] | undefined])[] {
  const grouped = Map.groupBy(all, otherEnd);
  return [...grouped]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([party, group]) => [
      party,
      group.some((one) => one.ports === undefined) ? undefined : group.flatMap((one) => one.ports ?? []),
    ]);
}
