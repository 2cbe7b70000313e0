import type { JsonObject } from "@homeostat/api";
import { ensure, setDefault, strings, struct, structs } from "../json-fields.ts";

/** A policy restricts what comes in, and what goes out only if it says anything about that. */
export function defaultNetworkPolicy(policy: JsonObject): void {
  const spec = ensure(policy, "spec");
  for (const rule of [...structs(spec, "ingress"), ...structs(spec, "egress")]) {
    for (const port of structs(rule, "ports")) setDefault(port, "protocol", "TCP");
  }
  if (strings(spec, "policyTypes").length === 0) {
    spec["policyTypes"] = structs(spec, "egress").length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  }
}

export function defaultIngressClass(ingressClass: JsonObject): void {
  const parameters = struct(struct(ingressClass, "spec"), "parameters");
  if (parameters) setDefault(parameters, "scope", "Cluster");
}
