/**
 * What the operator may do, and no more: each rule says what it is for. The stories run under exactly these rules, so
 * one that is missing fails there first.
 */
export const permissions = [
  // Watch WebApps.
  { apiGroups: ["apps.example.com"], resources: ["webapps"], verbs: ["get", "list", "watch"] },
  // Say how they are.
  { apiGroups: ["apps.example.com"], resources: ["webapps/status"], verbs: ["patch"] },
  // Make, repair and prune their ConfigMaps. Server-side apply is a patch that may create.
  { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  // Tell people.
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
] as const;
