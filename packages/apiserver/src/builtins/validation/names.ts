import { dns1035Label, dns1123Label, dns1123Subdomain, type NameRule, pathSegmentName } from "@homeostat/api";

/** A subdomain of at most `max` characters, for kinds whose name becomes part of other names. */
const shortSubdomain =
  (max: number): NameRule =>
  (name) =>
    name.length > max ? [`must be no more than ${max} characters`] : dns1123Subdomain(name);

/** Kinds whose names are not plain subdomains, by `group/kind`. */
const rules: Readonly<Record<string, NameRule>> = {
  "/Namespace": dns1123Label,
  "/Service": dns1035Label,
  "rbac.authorization.k8s.io/Role": pathSegmentName,
  "rbac.authorization.k8s.io/RoleBinding": pathSegmentName,
  "rbac.authorization.k8s.io/ClusterRole": pathSegmentName,
  "rbac.authorization.k8s.io/ClusterRoleBinding": pathSegmentName,
  "certificates.k8s.io/CertificateSigningRequest": pathSegmentName,
  // The core group is empty, and its name ends with a dot.
  "apiregistration.k8s.io/APIService": pathSegmentName,
  "flowcontrol.apiserver.k8s.io/FlowSchema": pathSegmentName,
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": pathSegmentName,
  // 63 less what is added for the names of its jobs.
  "batch/CronJob": shortSubdomain(52),
  "apps/StatefulSet": dns1123Label,
};

/** The rule for the names of a built-in kind. Source: the strategies' and stores' name functions. */
export function nameRuleOf(group: string, kind: string): NameRule {
  return rules[`${group}/${kind}`] ?? dns1123Subdomain;
}

/** Keys of ConfigMaps and Secrets, which become file names. */
export const configKey: NameRule = (key) => {
  if (key.length > 253) return ["must be no more than 253 characters"];
  if (key === "." || key === ".." || key.startsWith("..")) return ["must not be '.' or '..', nor start with '..'"];
  if (/^[-._a-zA-Z0-9]+$/.test(key)) return [];
  return [
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ];
};

/** Names of ports, by which other objects refer to them. Source: RFC 6335, service names. */
export const portName: NameRule = (name) => {
  const found: string[] = [];
  if (name.length > 15) found.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]*$/.test(name)) found.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(name)) found.push("must contain at least one letter (a-z)");
  if (name.includes("--")) found.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) found.push("must not begin or end with a hyphen");
  return found;
};
