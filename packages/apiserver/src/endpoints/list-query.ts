import {
  badRequest,
  type FieldSelector,
  fieldError,
  invalid,
  type LabelMatcher,
  parseFieldSelector,
  parseLabelSelector,
} from "@homeostat/api";
import { isTrue } from "../http/request-info.ts";
import type { ServedResource } from "../registry/served-resource.ts";

/** The query of a list or watch, checked. Source: meta/v1 `ListOptions`; API concepts, "Resource versions". */
export interface ListQuery {
  /** Undefined where everything matches. */
  readonly labels: LabelMatcher | undefined;
  readonly fields: FieldSelector | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string | undefined;
  /** Undefined where none was given. */
  readonly resourceVersion: number | undefined;
  readonly match: "NotOlderThan" | "Exact" | undefined;
  readonly watch: boolean;
  readonly bookmarks: boolean;
  readonly initialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

const optionsKind = { group: "meta.k8s.io", kind: "ListOptions" };

/** @throws ApiError BadRequest for selectors and numbers that do not parse, Invalid for options that contradict each other */
export function parseListQuery(query: URLSearchParams, served: ServedResource, watch: boolean): ListQuery {
  const match = query.get("resourceVersionMatch") ?? "";
  const resourceVersion = parseVersion(query.get("resourceVersion") ?? "", watch);
  const initial = query.get("sendInitialEvents");
  const parsed: ListQuery = {
    labels: parseLabels(query.get("labelSelector") ?? ""),
    fields: parseFields(query.get("fieldSelector") ?? "", served),
    limit: Math.max(0, integer(query, "limit") ?? 0),
    continueToken: query.get("continue") || undefined,
    resourceVersion,
    match: match === "" ? undefined : (match as "NotOlderThan" | "Exact"),
    watch,
    bookmarks: isTrue(query.get("allowWatchBookmarks")),
    initialEvents: initial === null || initial === "" ? undefined : isTrue(initial),
    timeoutSeconds: integer(query, "timeoutSeconds"),
  };
  checkMatch(parsed, match);
  return parsed;
}

function parseLabels(text: string): LabelMatcher | undefined {
  if (text === "") return undefined;
  try {
    return parseLabelSelector(text);
  } catch (error) {
    throw badRequest(`unable to parse requirement: ${(error as Error).message}`);
  }
}

function parseFields(text: string, served: ServedResource): FieldSelector | undefined {
  if (text === "") return undefined;
  let selector: FieldSelector;
  try {
    selector = parseFieldSelector(text);
  } catch (error) {
    throw badRequest(`invalid field selector ${JSON.stringify(text)}: ${(error as Error).message}`);
  }
  for (const { field } of selector.requirements) {
    const known =
      field === "metadata.name" ||
      (field === "metadata.namespace" && served.resource.scope === "Namespaced") ||
      served.strategy.fieldNames?.includes(field);
    if (!known) throw badRequest(`field label not supported: ${field}`);
  }
  return selector;
}

/** @throws ApiError BadRequest; Invalid for a watch */
export function parseVersion(text: string, watch: boolean): number | undefined {
  if (text === "") return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (watch) throw invalid(optionsKind, "", [fieldError.invalid("resourceVersion", text, "must be a decimal number")]);
  throw badRequest(`Invalid value: ${JSON.stringify(text)}: resourceVersion must be a decimal number`);
}

function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`query parameter ${name}: ${JSON.stringify(text)} is not a whole number`);
  if (BigInt.asIntN(64, BigInt(text)) !== BigInt(text))
    throw badRequest(`query parameter ${name}: ${JSON.stringify(text)} does not fit into 64 bits`);
  return Number(text);
}

/** Source: apimachinery `ValidateListOptions`. */
function checkMatch(query: ListQuery, match: string): void {
  const causes = [];
  if (query.initialEvents !== undefined && !query.watch)
    causes.push(fieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  if (query.watch && query.initialEvents !== undefined && query.match !== "NotOlderThan") {
    causes.push(
      fieldError.forbidden(
        "resourceVersionMatch",
        `sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
      ),
    );
  }
  if (match !== "") {
    if (query.watch && query.initialEvents === undefined) {
      causes.push(
        fieldError.forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
      );
    }
    if (!query.watch && query.resourceVersion === undefined)
      causes.push(
        fieldError.forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
      );
    if (query.continueToken !== undefined)
      causes.push(
        fieldError.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"),
      );
    if (match !== "NotOlderThan" && match !== "Exact")
      causes.push(fieldError.notSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && query.resourceVersion === 0) {
      causes.push(
        fieldError.forbidden(
          "resourceVersionMatch",
          'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"',
        ),
      );
    }
  }
  if (causes.length > 0) throw invalid(optionsKind, "", causes);
}
