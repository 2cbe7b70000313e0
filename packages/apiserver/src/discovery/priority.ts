/** Order of groups and versions in discovery. Clients take the first group and version that serve what they look for. */

/** Built-in groups, most important first; others follow by name. Source: group priorities of kube-apiserver. */
const builtinGroups: readonly string[] = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

export function compareGroups(a: string, b: string): number {
  const rank = (group: string): number => {
    const index = builtinGroups.indexOf(group);
    return index < 0 ? builtinGroups.length : index;
  };
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}

const stages: Readonly<Record<string, number>> = { alpha: 1, beta: 2 };

/**
 * Stable before beta before alpha, then the higher number first; what is no Kubernetes version comes last, by name.
 * Source: apimachinery, `CompareKubeAwareVersionStrings`
 */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  return right.stage - left.stage || right.major - left.major || right.minor - left.minor;
}

function parseVersion(version: string): { major: number; stage: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (!match) return undefined;
  return { major: Number(match[1]), stage: match[2] ? stages[match[2]]! : 3, minor: Number(match[3] ?? 0) };
}
