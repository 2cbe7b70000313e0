import type { SourceKind } from "../content/hash.ts";
import type { AnnotationKeys } from "./annotation-keys.ts";
import { sourceName } from "./references.ts";
import type { WorkloadRules } from "./workload-rules.ts";

/** What of a Secret, ConfigMap or SecretProviderClass decides. */
export interface ResourceFacts {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its labels were changed while it was there: a selector that meets it now does not meet something new. */
  readonly relabelled?: boolean;
}

/** Whether a change of a resource reloads a workload, and if not, why: said to people in just these words. */
export type Decision =
  | { readonly reload: true; readonly by: "named" | "search" | "auto" | "config"; readonly container: string }
  | { readonly reload: false; readonly why: string; readonly remedy?: Remedy };

/** What keeps a change from reloading, where somebody could do something about it. */
export type Remedy = "ignored" | "excluded" | "unmatched" | "unasked" | "unreferenced" | "ended" | "elsewhere";

const no = (why: string, remedy?: Remedy): Decision => ({ reload: false, why, ...(remedy ? { remedy } : {}) });

export interface DecideOptions {
  readonly keys: AnnotationKeys;
  /** The workload is a Job that has ended. Default false. */
  readonly finished?: boolean;
}

/**
 * The annotations' answer for a resource of the workload's namespace, in Stakater Reloader's order: ignored, excluded,
 * named, searched, automatic.
 */
export function decide(rules: WorkloadRules, resource: ResourceFacts, options: DecideOptions): Decision {
  const { kind, name } = resource;
  const { keys, finished = false } = options;
  const { named, excluded, search, auto } = rules.of[kind];
  if (resource.annotations[keys.ignore] === "true") return no(`the ${kind} carries ${keys.ignore}`, "ignored");
  if (rules.firstContainer === undefined) return no("the workload has no container to change", "elsewhere");
  if (excluded.has(name)) return no(`${keys.exclude[kind]} lists it`, "excluded");
  const container = rules.references.get(sourceName(kind, name));
  if (named.matches(name)) return { reload: true, by: "named", container: container ?? rules.firstContainer };
  const matched = search && resource.annotations[keys.match] === "true";
  if (!matched && auto === undefined)
    return search ? no(`it does not carry ${keys.match}`, "unmatched") : no("no annotation asks for it", "unasked");
  if (container === undefined) return no("no container gets anything from it", "unreferenced");
  if (matched) return { reload: true, by: "search", container };
  if (auto === "flag" && finished) return no("the Job has ended, and only --auto-reload-all asks for it", "ended");
  return { reload: true, by: "auto", container };
}
