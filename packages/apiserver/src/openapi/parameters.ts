import type { BuiltinDefinition } from "../schema/builtin-types.ts";
import type { Action, Parameter } from "./document.ts";

/** Query parameters of the API's operations, in our own words. Source: meta/v1 ListOptions, CreateOptions, PatchOptions, DeleteOptions. */

const query = (name: string, type: "string" | "boolean" | "integer", description: string): Parameter => ({
  name,
  in: "query",
  description,
  schema: { type, uniqueItems: true },
});

const pathParameter = (name: string, description: string): Parameter => ({
  name,
  in: "path",
  description,
  required: true,
  schema: { type: "string", uniqueItems: true },
});

export const namespaceParameter = pathParameter("namespace", "namespace of the object");
export const restParameter = pathParameter("path", "path within what is connected to");
export const prettyParameter = query("pretty", "string", "If 'true', the answer is indented.");
export const nameParameter = (kind: string): Parameter => pathParameter("name", `name of the ${kind}`);

const DRY_RUN = query(
  "dryRun",
  "string",
  "With 'All' the request is processed in full and nothing is stored. Other values are refused.",
);
const FIELD_MANAGER = query(
  "fieldManager",
  "string",
  "Name under which the changed fields are recorded, at most 128 printable characters. Required for apply patches; otherwise taken from the user agent.",
);
const FIELD_VALIDATION = query(
  "fieldValidation",
  "string",
  "What is done about unknown and duplicate fields: Ignore drops them, Warn (the default) drops them and answers with a warning for each, Strict refuses the request.",
);
const FORCE = query(
  "force",
  "boolean",
  "Takes fields over from other managers instead of failing with a conflict. Only for apply patches.",
);
const RESOURCE_VERSION = query(
  "resourceVersion",
  "string",
  "Version that the answer must not be older than; its exact meaning depends on resourceVersionMatch.",
);
const RESOURCE_VERSION_MATCH = query(
  "resourceVersionMatch",
  "string",
  "How resourceVersion is meant: NotOlderThan or Exact.",
);
const LABEL_SELECTOR = query("labelSelector", "string", "Only objects whose labels match.");
const FIELD_SELECTOR = query(
  "fieldSelector",
  "string",
  "Only objects whose fields match; which fields can be used depends on the kind.",
);
const LIMIT = query("limit", "integer", "Largest number of objects in one answer; the rest is had with continue.");
const CONTINUE = query("continue", "string", "Token of the next page, from metadata.continue of the one before.");
const TIMEOUT_SECONDS = query("timeoutSeconds", "integer", "After how many seconds a list or watch ends.");
const WATCH = query("watch", "boolean", "Answers with a stream of changes instead of a list.");
const BOOKMARKS = query(
  "allowWatchBookmarks",
  "boolean",
  "The watch may send events of type BOOKMARK, which tell only a resourceVersion.",
);
const INITIAL_EVENTS = query(
  "sendInitialEvents",
  "boolean",
  "The watch starts with the objects there are, then a bookmark, then changes. Needs resourceVersionMatch=NotOlderThan.",
);
const GRACE_PERIOD = query(
  "gracePeriodSeconds",
  "integer",
  "Seconds before the object is removed; 0 removes it at once, unset takes the kind's default.",
);
const ORPHAN_DEPENDENTS = query("orphanDependents", "boolean", "Deprecated in favour of propagationPolicy.");
const PROPAGATION = query(
  "propagationPolicy",
  "string",
  "What becomes of dependents: Orphan, Background or Foreground.",
);

const LIST = [
  BOOKMARKS,
  CONTINUE,
  FIELD_SELECTOR,
  LABEL_SELECTOR,
  LIMIT,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  INITIAL_EVENTS,
  TIMEOUT_SECONDS,
  WATCH,
];
const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
const DELETE = [DRY_RUN, GRACE_PERIOD, ORPHAN_DEPENDENTS, PROPAGATION];
const DELETE_COLLECTION = [
  CONTINUE,
  DRY_RUN,
  FIELD_SELECTOR,
  GRACE_PERIOD,
  LABEL_SELECTOR,
  LIMIT,
  ORPHAN_DEPENDENTS,
  PROPAGATION,
  RESOURCE_VERSION,
  RESOURCE_VERSION_MATCH,
  INITIAL_EVENTS,
  TIMEOUT_SECONDS,
];

/** What operations of an action take in the query. */
export const actionParameters: Readonly<Record<Action, readonly Parameter[]>> = {
  get: [],
  list: LIST,
  post: WRITE,
  put: WRITE,
  patch: [...WRITE, FORCE],
  delete: DELETE,
  deletecollection: DELETE_COLLECTION,
  connect: [],
};

/** The fields of an options kind (PodExecOptions) as query parameters. */
export function optionParameters(options: BuiltinDefinition): Parameter[] {
  return options.fields
    .filter(({ name }) => name !== "kind" && name !== "apiVersion")
    .map(({ name, table }) => {
      const element = table.type === "array" ? table.items! : table;
      const type = element.type === "integer" || element.type === "boolean" ? element.type : "string";
      return { name, in: "query", schema: { type, uniqueItems: true } };
    });
}
