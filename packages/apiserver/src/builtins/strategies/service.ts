import type { JsonObject } from "@homeostat/api";
import { assign, ensure, integer, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { fieldsByPath, type RulesByKind } from "./rules.ts";

export const serviceRules: RulesByKind = {
  "/Service": {
    ...fieldsByPath("spec.clusterIP", "spec.type"),
    prepareForCreate(service) {
      pairClusterIPs(ensure(service, "spec"));
    },
    prepareForUpdate(service, old, context) {
      if (context.subresource !== undefined) return;
      const spec = ensure(service, "spec");
      keepAllocated(spec, struct(old, "spec") ?? {});
      dropWhatTheTypeLacks(spec, struct(old, "spec") ?? {});
      followClusterIP(spec, struct(old, "spec") ?? {});
      pairClusterIPs(spec);
    },
  },
};

const needsClusterIP = (spec: JsonObject): boolean => text(spec, "type") !== "ExternalName";

/** Whether the ports of a Service are reachable through every node. */
export function needsNodePorts(spec: JsonObject): boolean {
  const type = text(spec, "type");
  return type === "NodePort" || (type === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false);
}

/** Whether load balancers must be able to ask each node if it has a pod of the Service. */
export function needsHealthCheckPort(spec: JsonObject): boolean {
  return text(spec, "type") === "LoadBalancer" && text(spec, "externalTrafficPolicy") === "Local";
}

/**
 * A writer that leaves out what the server handed out keeps it: manifests rarely name addresses. Ports are matched by
 * name. Source: the service registry's `patchAllocatedValues`.
 */
function keepAllocated(spec: JsonObject, old: JsonObject): void {
  if (needsClusterIP(spec) && needsClusterIP(old)) {
    if (isUnset(spec, "clusterIP") && strings(spec, "clusterIPs").length === 0)
      assign(spec, "clusterIP", old["clusterIP"]);
    if (strings(spec, "clusterIPs").length === 0 && text(spec, "clusterIP") === text(old, "clusterIP")) {
      assign(spec, "clusterIPs", old["clusterIPs"]);
    }
    for (const key of ["ipFamilies", "ipFamilyPolicy"]) if (isUnset(spec, key)) assign(spec, key, old[key]);
  }
  if (hasNodePorts(spec) && hasNodePorts(old)) keepNodePorts(spec, old);
  if (needsHealthCheckPort(spec) && needsHealthCheckPort(old) && !integer(spec, "healthCheckNodePort")) {
    assign(spec, "healthCheckNodePort", old["healthCheckNodePort"]);
  }
}

const hasNodePorts = (spec: JsonObject): boolean => ["NodePort", "LoadBalancer"].includes(text(spec, "type"));

function keepNodePorts(spec: JsonObject, old: JsonObject): void {
  const byName = new Map(structs(old, "ports").map((port) => [text(port, "name"), integer(port, "nodePort")]));
  const taken = new Set(structs(spec, "ports").map((port) => integer(port, "nodePort")));
  for (const port of structs(spec, "ports")) {
    const before = byName.get(text(port, "name"));
    if (integer(port, "nodePort") || !before || taken.has(before)) continue;
    port["nodePort"] = before;
    taken.add(before);
  }
}

/**
 * A change of type leaves behind what only the old type has, unless the writer changed it in the same breath.
 * Source: the service registry's `dropTypeDependentFields`.
 */
function dropWhatTheTypeLacks(spec: JsonObject, old: JsonObject): void {
  const unchanged = (key: string): boolean => JSON.stringify(spec[key]) === JSON.stringify(old[key]);
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    if (unchanged("clusterIP") && unchanged("clusterIPs")) {
      delete spec["clusterIP"];
      delete spec["clusterIPs"];
    }
    for (const key of ["ipFamilies", "ipFamilyPolicy"]) if (unchanged(key)) delete spec[key];
  }
  if (hasNodePorts(old) && !hasNodePorts(spec)) dropNodePorts(spec, old);
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec) && unchanged("healthCheckNodePort")) {
    delete spec["healthCheckNodePort"];
  }
  for (const [key, applies] of [
    ["allocateLoadBalancerNodePorts", text(spec, "type") === "LoadBalancer"],
    ["loadBalancerClass", text(spec, "type") === "LoadBalancer"],
    ["externalTrafficPolicy", hasNodePorts(spec) || strings(spec, "externalIPs").length > 0],
    ["internalTrafficPolicy", needsClusterIP(spec)],
  ] as const) {
    if (!applies && unchanged(key)) delete spec[key];
  }
}

function dropNodePorts(spec: JsonObject, old: JsonObject): void {
  const before = new Set(structs(old, "ports").map((port) => integer(port, "nodePort")));
  for (const port of structs(spec, "ports")) if (before.has(integer(port, "nodePort"))) delete port["nodePort"];
}

/**
 * Whoever changes `clusterIP` alone means `clusterIPs` too, and is to be told of the change rather than of a mismatch.
 * Source: the service registry's `normalizeClusterIPs`.
 */
function followClusterIP(spec: JsonObject, old: JsonObject): void {
  const isOther = !isUnset(spec, "clusterIP") && text(spec, "clusterIP") !== text(old, "clusterIP");
  const isSameList = JSON.stringify(strings(spec, "clusterIPs")) === JSON.stringify(strings(old, "clusterIPs"));
  if (isOther && isSameList) spec["clusterIPs"] = [text(spec, "clusterIP")];
}

/** `clusterIP` is the first of `clusterIPs`: whoever writes one writes both. */
function pairClusterIPs(spec: JsonObject): void {
  const list = strings(spec, "clusterIPs");
  if (!isUnset(spec, "clusterIP") && list.length === 0) spec["clusterIPs"] = [text(spec, "clusterIP")];
}
