import { fieldSelector, formatFieldSelector, formatLabelSelector, type LabelSelector } from "@homeostat/api";
import type { FieldSelection, LabelSelection } from "./client.ts";

/** Query strings of requests, in the API's words. */
export type QueryValue = string | number | boolean | undefined;

/** `?a=1&b=2`, or nothing; undefined values are left out, false as well: it is always the default. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  let query = "";
  for (const name in values) {
    const value = values[name];
    if (value === undefined || value === false || value === "") continue;
    query += `${query === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}

/** Selectors as a request wants them: text. */
export interface SelectorTexts {
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
}

/** @returns undefined where one of them matches nothing, so that there is nothing to ask */
export function selectorTexts(selection: {
  readonly labelSelector?: LabelSelection;
  readonly fieldSelector?: FieldSelection;
}): SelectorTexts | undefined {
  if (selection.labelSelector === null || selection.fieldSelector === null) return undefined;
  return {
    labelSelector: selection.labelSelector === undefined ? undefined : labelText(selection.labelSelector),
    fieldSelector: selection.fieldSelector === undefined ? undefined : fieldText(selection.fieldSelector),
  };
}

function labelText(selection: NonNullable<LabelSelection>): string {
  if (typeof selection === "string") return selection;
  // Labels have text for values; only the fields of a LabelSelector have not.
  const { matchLabels, matchExpressions } = selection as LabelSelector;
  if ((matchLabels && typeof matchLabels === "object") || Array.isArray(matchExpressions))
    return formatLabelSelector(selection as LabelSelector);
  return Object.entries(selection)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function fieldText(selection: NonNullable<FieldSelection>): string {
  return typeof selection === "string" ? selection : formatFieldSelector(fieldSelector(selection));
}
