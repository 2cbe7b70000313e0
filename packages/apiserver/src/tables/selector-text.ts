import { formatLabelSelector, type JsonObject, type LabelSelector } from "@homeostat/api";
import { none } from "./column.ts";

/** A map of labels as `a=b,c=d`, by key. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key]}`);
  return pairs.length === 0 ? none : pairs.join(",");
}

/** A selector as people write it on a command line. */
export function selectorText(selector: JsonObject | undefined): string {
  if (!selector) return none;
  try {
    return formatLabelSelector(selector as LabelSelector) || none;
  } catch {
    return "<error>";
  }
}
