import { formatTime, groupResource, type Resource } from "@homeostat/api";

/** What one round of emptying a namespace found. */
export interface EmptyingResult {
  /** Groups and versions whose kinds are not known, with the reason. */
  readonly discoveryFailures: readonly { readonly groupVersion: string; readonly message: string }[];
  /** Kinds whose objects could not be deleted, with the reason. */
  readonly deletionFailures: readonly string[];
  /** Objects left, by kind. */
  readonly remaining: readonly { readonly resource: Pick<Resource, "group" | "plural">; readonly count: number }[];
  /** Objects left that wait for a finalizer, by finalizer. */
  readonly finalizers: Readonly<Record<string, number>>;
}

/** Source: core/v1 `NamespaceCondition`, whose time may be missing. */
export interface NamespaceConditionState {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime?: string | null;
  readonly reason?: string;
  readonly message?: string;
}

export function isEmpty({ remaining, discoveryFailures, deletionFailures }: EmptyingResult): boolean {
  return remaining.length === 0 && discoveryFailures.length === 0 && deletionFailures.length === 0;
}

/**
 * The five conditions by which a namespace that is going says what holds it. Pure; returns `conditions` itself when
 * nothing changed. Source: namespace controller, `status_condition_utils`.
 */
export function namespaceConditions(
  conditions: readonly NamespaceConditionState[] | undefined,
  result: EmptyingResult,
  now: number,
): readonly NamespaceConditionState[] {
  let current = conditions ?? [];
  for (const wanted of judge(result)) {
    const existing = current.find(({ type }) => type === wanted.type);
    if (existing?.status === wanted.status && existing.reason === wanted.reason && existing.message === wanted.message)
      continue;
    const lastTransitionTime =
      existing?.status === wanted.status && existing.lastTransitionTime ? existing.lastTransitionTime : formatTime(now);
    const next = {
      type: wanted.type,
      status: wanted.status,
      lastTransitionTime,
      reason: wanted.reason,
      message: wanted.message,
    };
    current = existing ? current.map((each) => (each === existing ? next : each)) : [...current, next];
  }
  return conditions && current === conditions ? conditions : current;
}

type Judgement = {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
};

function judge({ discoveryFailures, deletionFailures, remaining, finalizers }: EmptyingResult): Judgement[] {
  const discovery = discoveryFailures.map(({ groupVersion, message }) => `${groupVersion}: ${message}`).join(", ");
  return [
    discoveryFailures.length > 0
      ? bad(
          "NamespaceDeletionDiscoveryFailure",
          "DiscoveryFailed",
          `Discovery failed for some groups, ${discoveryFailures.length} failing: ${discovery}`,
        )
      : good("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    good(
      "NamespaceDeletionGroupVersionParsingFailure",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    deletionFailures.length > 0
      ? bad(
          "NamespaceDeletionContentFailure",
          "ContentDeletionFailed",
          `Failed to delete all resource types, ${deletionFailures.length} remaining: ${deletionFailures.join(", ")}`,
        )
      : good(
          "NamespaceDeletionContentFailure",
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        ),
    remaining.length > 0
      ? bad("NamespaceContentRemaining", "SomeResourcesRemain", `Some resources are remaining: ${counts(remaining)}`)
      : good("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    Object.keys(finalizers).length > 0
      ? bad(
          "NamespaceFinalizersRemaining",
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${holders(finalizers)}`,
        )
      : good("NamespaceFinalizersRemaining", "ContentRemoved", "All content-preserving finalizers finished"),
  ];
}

const bad = (type: string, reason: string, message: string): Judgement => ({ type, status: "True", reason, message });
const good = (type: string, reason: string, message: string): Judgement => ({ type, status: "False", reason, message });

function counts(remaining: EmptyingResult["remaining"]): string {
  return remaining
    .map(
      ({ resource, count }) => `${groupResource(resource)}${resource.group ? "" : "."} has ${count} resource instances`,
    )
    .sort()
    .join(", ");
}

function holders(finalizers: EmptyingResult["finalizers"]): string {
  return Object.entries(finalizers)
    .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
    .sort()
    .join(", ");
}
