import type { UserInfo } from "../auth/user-info.ts";
import type { RequestInfo, ResourceRequest } from "../request-info.ts";
import type { AuditLevel, AuditStage } from "./event.ts";

/** What is logged of which requests. Source: audit.k8s.io/v1 `Policy`. */
export interface AuditPolicy {
  /** The first one that matches decides; a request that none matches is not logged. */
  readonly rules: readonly AuditRule[];
  readonly omitStages: readonly AuditStage[];
  readonly omitManagedFields: boolean;
}

/** Empty lists match everything. Source: audit.k8s.io/v1 `PolicyRule`. */
export interface AuditRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  /** The empty name stands for what is in no namespace. */
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly AuditStage[];
  /** Undefined: as the policy says. */
  readonly omitManagedFields: boolean | undefined;
}

export interface GroupResources {
  readonly group: string;
  /** `pods`, `pods/log`, `pods/*`, `*` and `*` with a subresource after it. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** What a policy says of one request. */
export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/** Source: apiserver, audit/policy `checker.go`. */
export function decideAudit(policy: AuditPolicy, info: RequestInfo, user: UserInfo | undefined): AuditDecision {
  const rule = policy.rules.find((each) => ruleMatches(each, info, user));
  return {
    level: rule?.level ?? "None",
    omitStages: new Set([...policy.omitStages, ...(rule?.omitStages ?? [])]),
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields,
  };
}

/** A request whose sender is not known matches whatever users a rule names. */
function ruleMatches(rule: AuditRule, info: RequestInfo, user: UserInfo | undefined): boolean {
  if (user && rule.users.length > 0 && !rule.users.includes(user.username)) return false;
  if (user && rule.userGroups.length > 0 && !rule.userGroups.some((group) => user.groups.includes(group))) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return info.isResource && matchesResource(rule, info);
  if (rule.nonResourceURLs.length === 0) return true;
  return !info.isResource && rule.nonResourceURLs.some((url) => matchesPath(url, info.path));
}

function matchesResource({ namespaces, resources }: AuditRule, info: ResourceRequest): boolean {
  if (namespaces.length > 0 && !namespaces.includes(info.namespace ?? "")) return false;
  return resources.length === 0 || resources.some((each) => covers(each, info));
}

function covers({ group, resources, resourceNames }: GroupResources, info: ResourceRequest): boolean {
  if (group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name ?? "")) return false;
  const { resource, subresource } = info;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  return resources.some(
    (each) =>
      each === "*" ||
      each === whole ||
      each === `${resource}/*` ||
      (subresource !== undefined && each === `*/${subresource}`),
  );
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}
