import { fieldError, type JsonObject, qualifiedName, type StatusCause } from "@homeostat/api";
import { struct, structs, text } from "../json-fields.ts";
import { quantityValue } from "../quantity-value.ts";
import { at, atKey, problems } from "./checks.ts";

const ofContainers = ["cpu", "memory", "ephemeral-storage"];
const ofQuotas = [
  ...ofContainers,
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "requests.storage"],
  ...ofContainers.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
];
const isHugePages = (name: string): boolean => name.startsWith("hugepages-");

/** Nodes may be promised to more than they have of what is their own, not of what others add: devices are had or not. */
const canBeOvercommitted = (name: string): boolean =>
  (!name.includes("/") || name.includes("kubernetes.io/")) && !isHugePages(name);

/**
 * Requests and limits: of resources that exist, none negative, and no more requested than allowed.
 * Source: core validation `ValidateResourceRequirements`.
 */
export function validateResources(
  resources: JsonObject | undefined,
  path: string,
  claims?: ReadonlySet<string>,
): StatusCause[] {
  const limits = struct(resources, "limits") ?? {};
  const requests = struct(resources, "requests") ?? {};
  const causes: StatusCause[] = [];
  for (const [list, amounts] of Object.entries({ limits, requests })) {
    for (const [name, quantity] of Object.entries(amounts)) {
      const where = atKey(at(path, list), name);
      const value = quantityValue(quantity);
      causes.push(...containerResourceName(name, where));
      if (value !== undefined && value < 0)
        causes.push(fieldError.invalid(where, quantity, "must be greater than or equal to 0"));
    }
  }
  for (const [name, quantity] of Object.entries(requests)) causes.push(...compared(name, quantity, limits[name], path));
  structs(resources, "claims").forEach((claim, index) => {
    if (claims && !claims.has(text(claim, "name")))
      causes.push(fieldError.notFound(`${at(path, "claims")}[${index}]`, text(claim, "name")));
  });
  return causes;
}

function compared(
  name: string,
  request: JsonObject[string],
  limit: JsonObject[string] | undefined,
  path: string,
): StatusCause[] {
  const [wanted, allowed] = [quantityValue(request), quantityValue(limit)];
  if (limit === undefined) {
    if (canBeOvercommitted(name)) return [];
    return [fieldError.required(at(path, "limits"), "Limit must be set for non overcommitable resources")];
  }
  if (wanted === undefined || allowed === undefined) return [];
  const where = at(path, "requests");
  if (!canBeOvercommitted(name) && wanted !== allowed)
    return [fieldError.invalid(where, request, `must be equal to ${name} limit of ${String(limit)}`)];
  if (wanted <= allowed) return [];
  return [fieldError.invalid(where, request, `must be less than or equal to ${name} limit of ${String(limit)}`)];
}

function containerResourceName(name: string, path: string): StatusCause[] {
  const known = ofContainers.includes(name) || isHugePages(name);
  return resourceName(name, path, known, "must be a standard resource for containers");
}

/** What a quota counts. Source: core validation `ValidateResourceQuotaResourceName`. */
export function quotaResourceName(name: string, path: string): StatusCause[] {
  const known = ofQuotas.includes(name) || /^(requests\.|limits\.)?hugepages-/.test(name);
  return resourceName(name, path, known, "must be a standard resource for quota");
}

function resourceName(name: string, path: string, known: boolean, why: string): StatusCause[] {
  const causes = problems(path, name, qualifiedName(name));
  if (causes.length > 0 || name.includes("/") || known) return causes;
  return [
    ...(ofQuotas.includes(name)
      ? []
      : [fieldError.invalid(path, name, "must be a standard resource type or fully qualified")]),
    fieldError.invalid(path, name, why),
  ];
}

/** Resources of which there are no halves. */
export const isCounted = (name: string): boolean =>
  [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
  ].includes(name) || !canBeOvercommitted(name);
