import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, setDefaultOverZero, strings, struct, structs, text } from "../json-fields.ts";

/**
 * Defaults of a Service. Addresses, ports of nodes and address families are handed out by the allocator.
 * Source: core/v1 `SetDefaults_Service`.
 */
export function defaultService(service: JsonObject): void {
  const spec = ensure(service, "spec");
  setDefault(spec, "sessionAffinity", "None");
  if (text(spec, "sessionAffinity") === "None") delete spec["sessionAffinityConfig"];
  if (text(spec, "sessionAffinity") === "ClientIP") {
    const clientIP = ensure(ensure(spec, "sessionAffinityConfig"), "clientIP");
    setDefault(clientIP, "timeoutSeconds", 10_800);
  }
  setDefault(spec, "type", "ClusterIP");
  for (const port of structs(spec, "ports")) {
    setDefault(port, "protocol", "TCP");
    const target = port["targetPort"];
    if (target === undefined || target === null || target === 0 || target === "")
      port["targetPort"] = port["port"] ?? 0;
  }
  defaultTrafficPolicies(spec);
  for (const ingress of structs(struct(struct(service, "status"), "loadBalancer"), "ingress")) {
    if (text(ingress, "ip") !== "") setDefault(ingress, "ipMode", "VIP");
  }
}

function defaultTrafficPolicies(spec: JsonObject): void {
  const type = text(spec, "type");
  if (isExternallyReachable(spec)) setDefault(spec, "externalTrafficPolicy", "Cluster");
  if (type !== "ExternalName") setDefault(spec, "internalTrafficPolicy", "Cluster");
  if (type === "LoadBalancer") setDefault(spec, "allocateLoadBalancerNodePorts", true);
}

/** Whether traffic from outside the cluster can arrive: only then there is a policy for it. */
export function isExternallyReachable(spec: JsonObject | undefined): boolean {
  const type = text(spec, "type");
  return (
    type === "NodePort" || type === "LoadBalancer" || (type === "ClusterIP" && strings(spec, "externalIPs").length > 0)
  );
}

/** Defaults of the old Endpoints. */
export function defaultEndpoints(endpoints: JsonObject): void {
  for (const subset of structs(endpoints, "subsets")) {
    for (const port of structs(subset, "ports")) setDefault(port, "protocol", "TCP");
  }
}

/** Defaults of an EndpointSlice: a port's name may be empty but is always there. */
export function defaultEndpointSlice(slice: JsonObject): void {
  for (const port of structs(slice, "ports")) {
    if (port["name"] == null) port["name"] = "";
    setDefault(port, "protocol", "TCP");
  }
}

/** An APIService that points at a Service does so at port 443. */
export function defaultApiService(apiService: JsonObject): void {
  const service = struct(struct(apiService, "spec"), "service");
  if (service) setDefaultOverZero(service, "port", 443);
}
