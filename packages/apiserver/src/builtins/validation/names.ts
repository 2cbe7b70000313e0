/** What is wrong with a name, or undefined when it is good. Source: apimachinery, api/validation `NameIs…`. */
export type NameRule = (name: string) => string | undefined;

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const labelPattern = new RegExp(`^${label}$`);
const subdomain = `${label}(\\.${label})*`;
const subdomainPattern = new RegExp(`^${subdomain}$`);
const dns1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const dns1035Pattern = new RegExp(`^${dns1035}$`);

const tooLong = (max: number): string => `must be no more than ${max} characters`;
const regex = (pattern: string): string => `regex used for validation is '${pattern}'`;

export const dnsLabel: NameRule = (name) => {
  if (name.length > 63) return tooLong(63);
  if (labelPattern.test(name)) return undefined;
  return `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', ${regex(label)})`;
};

export const dnsSubdomain: NameRule = (name) => {
  if (name.length > 253) return tooLong(253);
  if (subdomainPattern.test(name)) return undefined;
  return `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', ${regex(subdomain)})`;
};

export const dns1035Label: NameRule = (name) => {
  if (name.length > 63) return tooLong(63);
  if (dns1035Pattern.test(name)) return undefined;
  return `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', ${regex(dns1035)})`;
};

/** Names that only have to fit into a URL, as those of RBAC: colons and capitals are fine. */
export const pathSegment: NameRule = (name) => {
  if (name === "." || name === "..") return `may not be '${name}'`;
  for (const illegal of ["/", "%"]) if (name.includes(illegal)) return `may not contain '${illegal}'`;
  return undefined;
};

/** A subdomain of at most `max` characters, for kinds whose name becomes part of other names. */
export const shortSubdomain =
  (max: number): NameRule =>
  (name) =>
    name.length > max ? tooLong(max) : dnsSubdomain(name);

/** Kinds whose names are not plain subdomains, by `group/kind`. */
const rules: Readonly<Record<string, NameRule>> = {
  "/Namespace": dnsLabel,
  "/Service": dns1035Label,
  "rbac.authorization.k8s.io/Role": pathSegment,
  "rbac.authorization.k8s.io/RoleBinding": pathSegment,
  "rbac.authorization.k8s.io/ClusterRole": pathSegment,
  "rbac.authorization.k8s.io/ClusterRoleBinding": pathSegment,
  "certificates.k8s.io/CertificateSigningRequest": pathSegment,
  // 63 less what is added for the names of its jobs.
  "batch/CronJob": shortSubdomain(52),
  "apps/StatefulSet": dnsLabel,
};

/** The rule for the names of a built-in kind. */
export function nameRuleOf(group: string, kind: string): NameRule {
  return rules[`${group}/${kind}`] ?? dnsSubdomain;
}

/** What is wrong with the prefix of a generated name: it may end in a dash, since characters follow. */
export function generateNameProblem(rule: NameRule, prefix: string): string | undefined {
  return rule(prefix.endsWith("-") ? `${prefix.slice(0, -1)}a` : prefix);
}
