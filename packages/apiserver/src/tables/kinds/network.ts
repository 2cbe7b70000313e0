import type { JsonObject } from "@homeostat/api";
import { integer, stringMap, strings, struct, structs, text } from "../../builtins/json-fields.ts";
import { ageColumn, column, firstThree, listed, none, orNone, tableColumns, wide } from "../column.ts";
import type { TableColumns } from "../columns.ts";
import { labelsText, selectorText } from "../selector-text.ts";

const spec = (object: JsonObject): JsonObject | undefined => struct(object, "spec");

function balancerAddresses(object: JsonObject): string[] {
  return structs(struct(struct(object, "status"), "loadBalancer"), "ingress").map(
    (each) => text(each, "ip") || text(each, "hostname"),
  );
}

function externalAddresses(service: JsonObject): string {
  const own = strings(spec(service), "externalIPs");
  switch (text(spec(service), "type")) {
    case "ExternalName":
      return text(spec(service), "externalName");
    case "LoadBalancer": {
      const all = [...balancerAddresses(service), ...own];
      return all.length === 0 ? "<pending>" : all.join(",");
    }
    default:
      return listed(own);
  }
}

function servicePorts(service: JsonObject): string {
  return listed(
    structs(spec(service), "ports").map((port) => {
      const node = integer(port, "nodePort");
      return `${integer(port, "port")}${node ? `:${node}` : ""}/${text(port, "protocol")}`;
    }),
  );
}

const service = tableColumns(
  column("Type", (object) => text(spec(object), "type"), "string", "How the service is reached."),
  column(
    "Cluster-IP",
    (object) => strings(spec(object), "clusterIPs")[0] ?? orNone(spec(object)?.["clusterIP"]),
    "string",
    "Its address inside the cluster.",
  ),
  column("External-IP", externalAddresses, "string", "Its addresses outside the cluster."),
  column("Port(s)", servicePorts, "string", "Its ports, with those of the nodes."),
  ageColumn,
  wide("Selector", (object) => labelsText(stringMap(spec(object), "selector"))),
);

function ingressHosts(ingress: JsonObject): string {
  const hosts = structs(spec(ingress), "rules")
    .map((rule) => text(rule, "host"))
    .filter((host) => host !== "");
  return hosts.length === 0 ? "*" : firstThree(hosts);
}

const ingress = tableColumns(
  column(
    "Class",
    (object) =>
      orNone(
        spec(object)?.["ingressClassName"] ??
          stringMap(struct(object, "metadata"), "annotations")["kubernetes.io/ingress.class"],
      ),
    "string",
    "Who serves it.",
  ),
  column("Hosts", ingressHosts, "string", "Names it answers to."),
  column("Address", (object) => balancerAddresses(object).join(","), "string", "Where it is reached."),
  column(
    "Ports",
    (object) => (structs(spec(object), "tls").length > 0 ? "80, 443" : "80"),
    "string",
    "Ports it listens on.",
  ),
  ageColumn,
);

const ingressClass = tableColumns(
  column("Controller", (object) => text(spec(object), "controller"), "string", "Who serves ingresses of this class."),
  column("Parameters", (object) => {
    const parameters = struct(spec(object), "parameters");
    if (!parameters) return none;
    const group = text(parameters, "apiGroup");
    return `${text(parameters, "kind")}${group ? `.${group}` : ""}/${text(parameters, "name")}`;
  }),
  ageColumn,
);

const networkPolicy = tableColumns(
  column(
    "Pod-Selector",
    (object) => selectorText(struct(spec(object), "podSelector")),
    "string",
    "Which pods it protects.",
  ),
  ageColumn,
);

function endpointAddresses(endpoints: JsonObject): string {
  const found = structs(endpoints, "subsets").flatMap((subset) => {
    const ports = structs(subset, "ports");
    const ips = structs(subset, "addresses").map((address) => text(address, "ip"));
    if (ports.length === 0) return ips;
    return ports.flatMap((port) => ips.map((ip) => `${ip.includes(":") ? `[${ip}]` : ip}:${integer(port, "port")}`));
  });
  return firstThree(found);
}

const endpoints = tableColumns(
  column("Endpoints", endpointAddresses, "string", "Addresses and ports that serve."),
  ageColumn,
);

function slicePorts(slice: JsonObject): string {
  const ports = structs(slice, "ports");
  if (ports.length === 0) return "<unset>";
  return firstThree(ports.map((port) => String(integer(port, "port") ?? "*")));
}

const endpointSlice = tableColumns(
  column("AddressType", (object) => text(object, "addressType"), "string", "Family of its addresses."),
  column("Ports", slicePorts, "string", "Ports that serve."),
  column(
    "Endpoints",
    (object) => {
      const addresses = structs(object, "endpoints").flatMap((endpoint) => strings(endpoint, "addresses"));
      return addresses.length === 0 ? "<unset>" : firstThree(addresses);
    },
    "string",
    "Addresses that serve.",
  ),
  ageColumn,
);

const serviceCidr = tableColumns(
  column("CIDRs", (object) => listed(strings(spec(object), "cidrs"))),
  ageColumn,
);

const ipAddress = tableColumns(
  column("ParentRef", (object) => {
    const parent = struct(spec(object), "parentRef");
    const group = text(parent, "group");
    return `${text(parent, "resource")}${group ? `.${group}` : ""}/${[text(parent, "namespace"), text(parent, "name")].filter(Boolean).join("/")}`;
  }),
);

/** Tables of how things are reached. */
export const networkColumns: Readonly<Record<string, TableColumns>> = {
  "/Service": service,
  "/Endpoints": endpoints,
  "discovery.k8s.io/EndpointSlice": endpointSlice,
  "networking.k8s.io/Ingress": ingress,
  "networking.k8s.io/IngressClass": ingressClass,
  "networking.k8s.io/NetworkPolicy": networkPolicy,
  "networking.k8s.io/ServiceCIDR": serviceCidr,
  "networking.k8s.io/IPAddress": ipAddress,
};
