import type { JsonObject } from "@homeostat/api";
import { text } from "../../builtins/json-fields.ts";

/** How findings are worded: tools and people look for these texts. */

export const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");

export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

/** `container "a"`, `containers "a", "b"` */
export const containersText = (containers: readonly JsonObject[]): string =>
  `${plural(containers.length, "container")} ${quoted(containers.map((container) => text(container, "name")))}`;

/** `pod`, `container "a"`, `pod and containers "a", "b"` */
export const settersText = (pod: boolean, containers: readonly JsonObject[]): string =>
  [...(pod ? ["pod"] : []), ...(containers.length > 0 ? [containersText(containers)] : [])].join(" and ");

/** Without repetition, in the order of the alphabet. */
export const distinct = (values: readonly string[]): string[] => [...new Set(values)].sort();
