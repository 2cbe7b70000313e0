import { dns1123Subdomain, fieldError, type JsonObject, type StatusCause } from "@homeostat/api";
import { flag, integer, isUnset, strings, struct, structs, text } from "../json-fields.ts";
import { at, ipAddress, problems } from "./checks.ts";

const mostNameservers = 3;
const mostSearches = 32;

/** How a pod finds names and which ports of its node it takes. Source: core validation `ValidatePodSpec`. */
export function validatePodNetwork(spec: JsonObject | undefined, path: string): StatusCause[] {
  return [...dns(spec, at(path, "dnsConfig")), ...hostAliases(spec, path), ...hostPorts(spec, path)];
}

function dns(spec: JsonObject | undefined, path: string): StatusCause[] {
  const config = struct(spec, "dnsConfig");
  const servers = strings(config, "nameservers");
  const none = text(spec, "dnsPolicy") === "None";
  if (none && !config) return [fieldError.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
  if (none && servers.length === 0) {
    const why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    return [fieldError.required(at(path, "nameservers"), why)];
  }
  const searches = strings(config, "searches");
  const causes = servers.flatMap((each, index) => ipAddress(each, `${path}.nameservers[${index}]`));
  if (servers.length > mostNameservers)
    causes.push(
      fieldError.invalid(at(path, "nameservers"), servers, `must not have more than ${mostNameservers} nameservers`),
    );
  if (searches.length > mostSearches)
    causes.push(
      fieldError.invalid(at(path, "searches"), searches, `must not have more than ${mostSearches} search paths`),
    );
  searches.forEach((search, index) => {
    // The root, and names that end at it, are as good as any.
    const name = search.replace(/\.$/, "");
    if (search !== ".") causes.push(...problems(`${path}.searches[${index}]`, name, dns1123Subdomain(name)));
  });
  structs(config, "options").forEach((option, index) => {
    if (isUnset(option, "name")) causes.push(fieldError.required(`${path}.options[${index}]`, "must not be empty"));
  });
  return causes;
}

function hostAliases(spec: JsonObject | undefined, path: string): StatusCause[] {
  return structs(spec, "hostAliases").flatMap((alias, index) => {
    const where = `${at(path, "hostAliases")}[${index}]`;
    return [
      ...ipAddress(text(alias, "ip"), at(where, "ip")),
      ...strings(alias, "hostnames").flatMap((name, each) =>
        problems(`${where}.hostnames[${each}]`, name, dns1123Subdomain(name)),
      ),
    ];
  });
}

/** Each port of the node can be had once; and on the node's own network a port is what it is. */
function hostPorts(spec: JsonObject | undefined, path: string): StatusCause[] {
  const taken = new Set<string>();
  return structs(spec, "containers").flatMap((container, index) =>
    structs(container, "ports").flatMap((port, each) => {
      const where = `${at(path, "containers")}[${index}].ports[${each}]`;
      const hostPort = integer(port, "hostPort") ?? 0;
      if (hostPort === 0) return [];
      const causes: StatusCause[] = [];
      const id = `${text(port, "protocol")}/${text(port, "hostIP")}/${hostPort}`;
      if (taken.has(id)) causes.push(fieldError.duplicate(at(where, "hostPort"), id));
      taken.add(id);
      const inside = integer(port, "containerPort");
      if (flag(spec, "hostNetwork") && inside !== hostPort)
        causes.push(
          fieldError.invalid(at(where, "containerPort"), inside, "must match `hostPort` when `hostNetwork` is true"),
        );
      return causes;
    }),
  );
}
