import { isForbidden, isNotFound, type PolicyRule, SelfSubjectAccessReview } from "@homeostat/api";
import type { Client } from "../client/client.ts";
import type { Access } from "./access.ts";
import { accessesOf, rulesFor } from "./rules.ts";

/** Whose permissions, and which. */
export interface SelfCheckOptions {
  readonly client: Client;
  /** What is needed. */
  readonly rules: readonly PolicyRule[];
  /** Where it is needed. Default: everywhere. */
  readonly namespaces?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What is missing in one place. */
export interface MissingPermission {
  /** Undefined: everywhere. */
  readonly namespace: string | undefined;
  /** Exactly what to add. */
  readonly rules: readonly PolicyRule[];
  /** For people: where to add which rule. */
  readonly message: string;
}

/** Reviews asked at once. */
const PARALLEL = 8;

/**
 * Asks the API server whether we may do what we are going to do, and names the rules that are missing. Asking needs no
 * permission of its own. A server that does not answer such questions is believed to allow everything.
 *
 * Source: authorization.k8s.io/v1 SelfSubjectAccessReview.
 */
export async function checkAccess(options: SelfCheckOptions): Promise<MissingPermission[]> {
  const namespaces: readonly (string | undefined)[] = options.namespaces?.length ? options.namespaces : [undefined];
  const wanted = namespaces.flatMap((namespace) =>
    accessesOf(options.rules).map((access) => (namespace === undefined ? access : { ...access, namespace })),
  );
  const missing: Access[] = [];
  const next = wanted.values();
  const worker = async (): Promise<void> => {
    for (const access of next) if (!(await isAllowed(access, options))) missing.push(access);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return namespaces.flatMap((namespace) => {
    const rules = rulesFor(missing.filter((access) => access.namespace === namespace));
    return rules.length === 0 ? [] : [{ namespace, rules, message: missingText(rules, namespace) }];
  });
}

async function isAllowed(access: Access, { client, signal }: SelfCheckOptions): Promise<boolean> {
  const [resource, subresource] = access.resource.split("/");
  const { verb, group, namespace, name } = access;
  const resourceAttributes = {
    verb,
    group,
    resource: resource!,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  try {
    const review = { spec: { resourceAttributes } };
    const { status } = await client.create(SelfSubjectAccessReview, review, signal ? { signal } : {});
    return status?.allowed ?? true;
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return true;
    throw error;
  }
}

function missingText(rules: readonly PolicyRule[], namespace: string | undefined): string {
  const where = namespace === undefined ? "a ClusterRole" : `a Role in namespace ${namespace}`;
  const one = rules.length === 1 ? "the rule" : "the rules";
  return `permissions are missing: add ${one} ${rules.map(ruleText).join(", ")} to ${where} of this service account`;
}

/** A rule on one line, as YAML and JSON both read it. */
export function ruleText({ apiGroups = [], resources = [], resourceNames, verbs }: PolicyRule): string {
  const list = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  const names = resourceNames ? `, resourceNames: ${list(resourceNames)}` : "";
  return `{apiGroups: ${list(apiGroups)}, resources: ${list(resources)}${names}, verbs: ${list(verbs)}}`;
}
