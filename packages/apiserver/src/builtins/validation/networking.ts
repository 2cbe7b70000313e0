import { BlockList, isIP } from "node:net";
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  fieldError,
  type JsonObject,
  type StatusCause,
} from "@homeostat/api";
import { integer, isUnset, stringMap, strings, struct, structs, text } from "../json-fields.ts";
import {
  addressRange,
  at,
  atKey,
  domainPath,
  endpointAddress,
  immutable,
  labelSelector,
  oneOf,
  portNumber,
  problems,
  required,
  requiredOneOf,
} from "./checks.ts";
import { protocols } from "./containers.ts";
import type { KindValidation, ValidationByKind } from "./kind-validation.ts";

/** The class of an Ingress, before there was a field for it. */
const classAnnotation = "kubernetes.io/ingress.class";

const ingress: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const rules = structs(spec, "rules");
    const fallback = struct(spec, "defaultBackend");
    const causes = rules.flatMap((rule, index) => ingressRule(rule, `spec.rules[${index}]`));
    if (rules.length === 0 && !fallback)
      causes.push(fieldError.invalid("spec", spec ?? {}, "either `defaultBackend` or `rules` must be specified"));
    if (fallback) causes.push(...backend(fallback, "spec.defaultBackend"));
    const className = text(spec, "ingressClassName");
    if (className !== "") causes.push(...problems("spec.ingressClassName", className, dns1123Subdomain(className)));
    structs(spec, "tls").forEach((tls, index) => {
      strings(tls, "hosts").forEach((host, each) => {
        causes.push(...hostName(host, `spec.tls[${index}].hosts[${each}]`));
      });
    });
    return causes;
  },
  create: (object) => {
    const given = stringMap(struct(object, "metadata"), "annotations")[classAnnotation];
    if (given === undefined || isUnset(struct(object, "spec"), "ingressClassName")) return [];
    return [
      fieldError.invalid(
        atKey("metadata.annotations", classAnnotation),
        given,
        "can not be set when the class field is also set",
      ),
    ];
  },
};

/** A name, or one that stands for all directly below it. */
function hostName(host: string, path: string): StatusCause[] {
  if (!host.includes("*")) return problems(path, host, dns1123Subdomain(host));
  const rest = host.startsWith("*.") ? host.slice(2) : "*";
  if (dns1123Subdomain(rest).length === 0) return [];
  const why =
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  return [fieldError.invalid(path, host, why)];
}

function ingressRule(rule: JsonObject, path: string): StatusCause[] {
  const host = text(rule, "host");
  const causes: StatusCause[] = [];
  if (host !== "" && isIP(host) !== 0)
    causes.push(fieldError.invalid(at(path, "host"), host, "must be a DNS name, not an IP address"));
  else if (host !== "") causes.push(...hostName(host, at(path, "host")));
  const http = struct(rule, "http");
  if (!http) return causes;
  const paths = structs(http, "paths");
  if (paths.length === 0) causes.push(fieldError.required(at(path, "http.paths")));
  paths.forEach((each, index) => {
    causes.push(...httpPath(each, `${path}.http.paths[${index}]`));
  });
  return causes;
}

function httpPath(path: JsonObject, where: string): StatusCause[] {
  const type = text(path, "pathType");
  const value = text(path, "path");
  const causes =
    type === ""
      ? [fieldError.required(at(where, "pathType"), "pathType must be specified")]
      : oneOf(path, "pathType", where, ["Exact", "ImplementationSpecific", "Prefix"]);
  const mustBeAbsolute = type === "Exact" || type === "Prefix" || value !== "";
  if (mustBeAbsolute && !value.startsWith("/"))
    causes.push(fieldError.invalid(at(where, "path"), value, "must be an absolute path"));
  if (type === "Exact" || type === "Prefix") {
    for (const illegal of ["//", "/./", "/../", "%2f", "%2F"]) {
      if (value.includes(illegal))
        causes.push(fieldError.invalid(at(where, "path"), value, `must not contain '${illegal}'`));
    }
  }
  return [...causes, ...backend(struct(path, "backend"), at(where, "backend"))];
}

function backend(target: JsonObject | undefined, path: string): StatusCause[] {
  const service = struct(target, "service");
  const resource = struct(target, "resource");
  if (service && resource) return [fieldError.invalid(path, "", "cannot set both resource and service backends")];
  if (resource)
    return [...required(resource, "kind", at(path, "resource")), ...required(resource, "name", at(path, "resource"))];
  if (!service) return [fieldError.required(path, "service or resource backend is required")];
  const where = at(path, "service");
  const port = struct(service, "port");
  const name = text(service, "name");
  const causes = name === "" ? required(service, "name", where) : problems(at(where, "name"), name, dns1035Label(name));
  if (isUnset(port, "name") && !integer(port, "number"))
    causes.push(fieldError.required(where, "port name or number is required"));
  else if (!isUnset(port, "name") && integer(port, "number"))
    causes.push(fieldError.invalid(where, "", "cannot set both port name & port number"));
  return [...causes, ...(integer(port, "number") ? portNumber(port, "number", at(where, "port")) : [])];
}

const ingressClass: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const controller = text(spec, "controller");
    const parameters = struct(spec, "parameters");
    const causes = controller === "" ? required(spec, "controller", "spec") : domainPath(controller, "spec.controller");
    if (!parameters) return causes;
    const path = "spec.parameters";
    causes.push(...required(parameters, "kind", path), ...required(parameters, "name", path));
    causes.push(...requiredOneOf(parameters, "scope", path, ["Cluster", "Namespace"]));
    const scope = text(parameters, "scope");
    if (scope === "Namespace") {
      causes.push(...required(parameters, "namespace", path, "`parameters.scope` is set to 'Namespace'"));
    } else if (scope === "Cluster" && !isUnset(parameters, "namespace")) {
      causes.push(fieldError.forbidden(at(path, "namespace"), "`parameters.scope` is set to 'Cluster'"));
    }
    return causes;
  },
  update: (object, old) => immutable(struct(object, "spec"), struct(old, "spec"), "spec", "controller"),
};

const networkPolicy: KindValidation = {
  object: (object) => {
    const spec = struct(object, "spec");
    const types = strings(spec, "policyTypes");
    const causes = labelSelector(struct(spec, "podSelector"), "spec.podSelector");
    types.forEach((type, index) => {
      if (type !== "Ingress" && type !== "Egress")
        causes.push(fieldError.notSupported(`spec.policyTypes[${index}]`, type, ["Egress", "Ingress"]));
    });
    for (const [list, peers] of [
      ["ingress", "from"],
      ["egress", "to"],
    ] as const) {
      structs(spec, list).forEach((rule, index) => {
        causes.push(...policyRule(rule, peers, `spec.${list}[${index}]`));
      });
    }
    return causes;
  },
};

function policyRule(rule: JsonObject, peers: string, path: string): StatusCause[] {
  const causes = structs(rule, "ports").flatMap((port, index) => {
    const where = `${path}.ports[${index}]`;
    return [...oneOf(port, "protocol", where, protocols), ...portNumber(port, "port", where), ...portEnd(port, where)];
  });
  structs(rule, peers).forEach((peer, index) => {
    const where = `${path}.${peers}[${index}]`;
    const kinds = ["podSelector", "namespaceSelector", "ipBlock"].filter((key) => struct(peer, key));
    if (kinds.length === 0) causes.push(fieldError.required(where, "must specify a peer"));
    if (kinds.includes("ipBlock") && kinds.length > 1)
      causes.push(fieldError.forbidden(where, "may not specify both ipBlock and another peer"));
    for (const key of ["podSelector", "namespaceSelector"])
      causes.push(...labelSelector(struct(peer, key), at(where, key)));
    causes.push(...addressBlock(struct(peer, "ipBlock"), at(where, "ipBlock")));
  });
  return causes;
}

function portEnd(port: JsonObject, path: string): StatusCause[] {
  const end = integer(port, "endPort");
  const start = port["port"];
  if (end === undefined) return [];
  const refuse = (why: string): StatusCause[] => [fieldError.invalid(at(path, "endPort"), end, why)];
  if (start === undefined || start === null) return refuse("may not be specified when `port` is not specified");
  if (typeof start !== "number") return refuse("may not be specified when `port` is non-numeric");
  return end < start ? refuse("must be greater than or equal to `port`") : portNumber(port, "endPort", path);
}

/** A range of addresses, with ranges cut out of it. */
function addressBlock(block: JsonObject | undefined, path: string): StatusCause[] {
  if (!block) return [];
  const cidr = text(block, "cidr");
  if (cidr === "") return required(block, "cidr", path);
  const causes = addressRange(cidr, at(path, "cidr"));
  if (causes.length > 0) return causes;
  return strings(block, "except").flatMap((except, index) => {
    const where = `${path}.except[${index}]`;
    const found = addressRange(except, where);
    if (found.length > 0 || isWithin(except, cidr)) return found;
    return [fieldError.invalid(where, except, "must be a strict subset of `cidr`")];
  });
}

function isWithin(inner: string, outer: string): boolean {
  const [base = "", bits = "0"] = outer.split("/");
  const [address = "", innerBits = "0"] = inner.split("/");
  const family = isIP(base) === 4 ? "ipv4" : "ipv6";
  if (isIP(base) !== isIP(address) || Number(innerBits) <= Number(bits)) return false;
  const range = new BlockList();
  range.addSubnet(base, Number(bits), family);
  return range.check(address, family);
}

const endpointSlice: KindValidation = {
  object: (object) => {
    const list = structs(object, "endpoints");
    const causes = requiredOneOf(object, "addressType", "", ["FQDN", "IPv4", "IPv6"]);
    if (list.length > 1000) causes.push(fieldError.tooMany("endpoints", list.length, 1000));
    list.forEach((endpoint, index) => {
      const path = `endpoints[${index}].addresses`;
      const addresses = strings(endpoint, "addresses");
      if (addresses.length === 0) causes.push(fieldError.required(path, "must contain at least 1 address"));
      const family =
        text(object, "addressType") === "IPv4" ? 4 : text(object, "addressType") === "IPv6" ? 6 : undefined;
      addresses.forEach((address, each) => {
        if (family !== undefined && isIP(address) !== family)
          causes.push(fieldError.invalid(`${path}[${each}]`, address, `must be an IPv${family} address`));
        else if (family !== undefined) causes.push(...endpointAddress(address, `${path}[${each}]`));
      });
    });
    const ports = structs(object, "ports");
    return [
      ...causes,
      ...portNames(ports),
      ...ports.flatMap((port, index) => oneOf(port, "protocol", `ports[${index}]`, protocols)),
    ];
  },
  update: (object, old) => immutable(object, old, "", "addressType"),
};

/** Ports are told apart by their names, of which one may be empty. */
function portNames(ports: readonly JsonObject[]): StatusCause[] {
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const name = text(port, "name");
    const where = `ports[${index}].name`;
    const causes = name === "" ? [] : problems(where, name, dns1123Label(name));
    if (seen.has(name)) causes.push(fieldError.duplicate(where, name));
    seen.add(name);
    return causes;
  });
}

export const networkingValidations: ValidationByKind = {
  "networking.k8s.io/Ingress": ingress,
  "networking.k8s.io/IngressClass": ingressClass,
  "networking.k8s.io/NetworkPolicy": networkPolicy,
  "discovery.k8s.io/EndpointSlice": endpointSlice,
};
