import type { DiscoveredResource } from "./documents.ts";

/** A resource as people name it. */
export interface ResourceName {
  readonly name: string;
  /** Undefined: any. */
  readonly group: string | undefined;
  readonly version: string | undefined;
}

/** Reads `deploy`, `deployments.apps`, `deployments.v1.apps`; of the core group `pods.v1` or `pods.`, as kubectl has it. */
export function parseResourceName(text: string): ResourceName {
  const dot = text.indexOf(".");
  if (dot < 0) return { name: text.toLowerCase(), group: undefined, version: undefined };
  const name = text.slice(0, dot).toLowerCase();
  const rest = text.slice(dot + 1);
  const versioned = /^(v\d+(?:(?:alpha|beta)\d+)?)(?:\.(.*))?$/.exec(rest);
  return versioned
    ? { name, group: versioned[2] ?? "", version: versioned[1] }
    : { name, group: rest, version: undefined };
}

/** How well a name fits a resource: 2 is its own name, 1 a short one, 0 another's. */
export function fit(name: string, { plural, singular, kind, shortNames = [] }: DiscoveredResource): 0 | 1 | 2 {
  if (name === plural || name === singular || name === kind.toLowerCase()) return 2;
  return shortNames.includes(name) ? 1 : 0;
}
