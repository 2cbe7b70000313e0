import {
  dns1123Label,
  dns1123Subdomain,
  fieldError,
  type JsonObject,
  qualifiedName,
  type StatusCause,
} from "@homeostat/api";
import { isExternallyReachable } from "../defaults/service.ts";
import { integer, strings, struct, structAt, structs, text } from "../json-fields.ts";
import {
  addressRange,
  at,
  ipAddress,
  labels,
  oneOf,
  ordinaryAddress,
  portNumber,
  problems,
  required,
  requiredOneOf,
} from "./checks.ts";
import { protocols } from "./containers.ts";
import type { KindValidation } from "./kind-validation.ts";
import { portName } from "./names.ts";

const headless = "None";

/** Source: core validation `ValidateService`. */
export const serviceValidation: KindValidation = {
  object: (service) => {
    const spec = struct(service, "spec");
    return [
      ...ports(spec),
      ...requiredOneOf(spec, "type", "spec", ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
      ...requiredOneOf(spec, "sessionAffinity", "spec", ["ClientIP", "None"]),
      ...oneOf(spec, "externalTrafficPolicy", "spec", ["Cluster", "Local"]),
      ...oneOf(spec, "internalTrafficPolicy", "spec", ["Cluster", "Local"]),
      ...labels(spec, "selector", "spec"),
      ...ofType(spec),
      ...addresses(spec),
      ...traffic(spec),
    ];
  },
  update: (service, old) => {
    const spec = struct(service, "spec");
    const before = struct(old, "spec");
    if (text(spec, "type") === "ExternalName" || text(before, "type") === "ExternalName") return [];
    const [now = text(spec, "clusterIP")] = strings(spec, "clusterIPs");
    const [then = text(before, "clusterIP")] = strings(before, "clusterIPs");
    if (then === "" || now === then) return [];
    return [fieldError.invalid("spec.clusterIPs[0]", strings(spec, "clusterIPs"), "may not change once set")];
  },
};

function ofType(spec: JsonObject | undefined): StatusCause[] {
  switch (text(spec, "type")) {
    case "LoadBalancer":
      if (text(spec, "clusterIP") === headless)
        return [
          fieldError.invalid("spec.clusterIPs[0]", headless, "may not be set to 'None' for LoadBalancer services"),
        ];
      return [];
    case "NodePort":
      if (text(spec, "clusterIP") === headless)
        return [fieldError.invalid("spec.clusterIPs[0]", headless, "may not be set to 'None' for NodePort services")];
      return [];
    case "ExternalName": {
      const name = text(spec, "externalName").replace(/\.$/, "");
      if (name === "") return [fieldError.required("spec.externalName")];
      const taken =
        text(spec, "clusterIP") !== ""
          ? [fieldError.forbidden("spec.clusterIP", "may not be set when `type` is 'ExternalName'")]
          : [];
      return [...taken, ...problems("spec.externalName", name, dns1123Subdomain(name))];
    }
    default:
      return [];
  }
}

function addresses(spec: JsonObject | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const list = strings(spec, "clusterIPs");
  list.forEach((ip, index) => {
    if (ip !== headless) causes.push(...ipAddress(ip, `spec.clusterIPs[${index}]`));
    else if (list.length > 1 && index > 0)
      causes.push(fieldError.invalid(`spec.clusterIPs[${index}]`, ip, "'None' must be the first and only value"));
  });
  if (list.length > 0 && text(spec, "clusterIP") !== list[0]) {
    causes.push(fieldError.invalid("spec.clusterIPs[0]", list, "first value must match `clusterIP`"));
  }
  strings(spec, "externalIPs").forEach((ip, index) => {
    const found = ipAddress(ip, `spec.externalIPs[${index}]`);
    causes.push(...(found.length > 0 ? found : ordinaryAddress(ip, `spec.externalIPs[${index}]`)));
  });
  return causes;
}

const longestAffinity = 86_400;

/** Who may come in, and to which of the pods. */
function traffic(spec: JsonObject | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  const external = text(spec, "externalTrafficPolicy");
  if (external !== "" && !isExternallyReachable(spec))
    causes.push(
      fieldError.invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services"),
    );
  if (text(spec, "type") !== "LoadBalancer" && text(spec, "loadBalancerClass") !== "")
    causes.push(fieldError.forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"));
  strings(spec, "loadBalancerSourceRanges").forEach((range, index) => {
    causes.push(...addressRange(range.trim(), `spec.loadBalancerSourceRanges[${index}]`));
  });
  const seconds = integer(structAt(spec, "sessionAffinityConfig", "clientIP"), "timeoutSeconds");
  if (
    text(spec, "sessionAffinity") === "ClientIP" &&
    seconds !== undefined &&
    (seconds <= 0 || seconds > longestAffinity)
  )
    causes.push(
      fieldError.invalid(
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
        seconds,
        `must be greater than 0 and less than ${longestAffinity}`,
      ),
    );
  return [
    ...causes,
    ...oneOf(spec, "trafficDistribution", "spec", ["PreferClose", "PreferSameNode", "PreferSameZone"]),
  ];
}

function ports(spec: JsonObject | undefined): StatusCause[] {
  const list = structs(spec, "ports");
  const type = text(spec, "type");
  const mayHaveNone =
    type === "ExternalName" || text(spec, "clusterIP") === headless || strings(spec, "clusterIPs")[0] === headless;
  if (list.length === 0) return mayHaveNone ? [] : [fieldError.required("spec.ports")];
  const names = new Set<string>();
  const used = new Set<string>();
  return list.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    const causes = portFields(port, path, list.length > 1);
    const name = text(port, "name");
    if (name !== "" && names.has(name)) causes.push(fieldError.duplicate(at(path, "name"), name));
    names.add(name);
    const id = `${integer(port, "port")}/${text(port, "protocol")}`;
    if (used.has(id))
      causes.push(fieldError.duplicate(path, { port: integer(port, "port"), protocol: text(port, "protocol") }));
    used.add(id);
    if (type === "ClusterIP" && integer(port, "nodePort"))
      causes.push(fieldError.forbidden(at(path, "nodePort"), "may not be used when `type` is 'ClusterIP'"));
    return causes;
  });
}

function portFields(port: JsonObject, path: string, nameRequired: boolean): StatusCause[] {
  const name = text(port, "name");
  const target = port["targetPort"];
  return [
    ...(nameRequired ? required(port, "name", path) : []),
    ...(name === "" ? [] : problems(at(path, "name"), name, dns1123Label(name))),
    ...(integer(port, "port") === undefined
      ? [fieldError.invalid(at(path, "port"), 0, "must be between 1 and 65535, inclusive")]
      : portNumber(port, "port", path)),
    ...requiredOneOf(port, "protocol", path, protocols),
    ...(text(port, "appProtocol") === ""
      ? []
      : problems(at(path, "appProtocol"), text(port, "appProtocol"), qualifiedName(text(port, "appProtocol")))),
    ...portNumber(port, "targetPort", path),
    ...(typeof target === "string" ? problems(at(path, "targetPort"), target, portName(target)) : []),
  ];
}
