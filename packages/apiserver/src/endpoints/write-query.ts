import { fieldError, invalid } from "@homeostat/api";
import { isTrue } from "../http/request-info.ts";

/** The query of a write, checked. Source: meta/v1 `CreateOptions`, `UpdateOptions`, `PatchOptions`. */
export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** Whether the manager was named by the client rather than taken from its user agent. */
  readonly namedManager: boolean;
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** Whether the client asked for it. */
  readonly namedValidation: boolean;
  readonly force: boolean | undefined;
}

const kinds = {
  create: { group: "meta.k8s.io", kind: "CreateOptions" },
  update: { group: "meta.k8s.io", kind: "UpdateOptions" },
  patch: { group: "meta.k8s.io", kind: "PatchOptions" },
  delete: { group: "meta.k8s.io", kind: "DeleteOptions" },
};

/** @throws ApiError Invalid */
export function parseWriteQuery(
  query: URLSearchParams,
  userAgent: string,
  verb: keyof typeof kinds,
  isApply = false,
): WriteQuery {
  const causes = [];
  const dryRun = query.getAll("dryRun").filter((value) => value !== "");
  for (const value of dryRun) if (value !== "All") causes.push(fieldError.notSupported("dryRun", value, ["All"]));
  const named = query.get("fieldManager") ?? "";
  if (named.length > 128) causes.push(fieldError.tooLong("fieldManager", 128));
  if (/\p{C}/u.test(named))
    causes.push(fieldError.invalid("fieldManager", named, "should only contain printable characters"));
  if (isApply && named === "") causes.push(fieldError.required("fieldManager", "is required for apply patch"));
  const fieldValidation = query.get("fieldValidation") || "Warn";
  if (fieldValidation !== "Ignore" && fieldValidation !== "Warn" && fieldValidation !== "Strict") {
    causes.push(fieldError.notSupported("fieldValidation", fieldValidation, ["Ignore", "Warn", "Strict"]));
  }
  const force = query.get("force");
  if (force !== null && !isApply)
    causes.push(fieldError.forbidden("force", "may not be specified for non-apply patch"));
  if (causes.length > 0) throw invalid(kinds[verb], "", causes);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: named || managerOf(userAgent),
    namedManager: named !== "",
    fieldValidation: fieldValidation as WriteQuery["fieldValidation"],
    namedValidation: Boolean(query.get("fieldValidation")),
    force: force === null ? undefined : isTrue(force),
  };
}

/** The user agent up to its first slash, as far as it can be printed. Source: apiserver `managerOrUserAgent`. */
function managerOf(userAgent: string): string {
  const name = userAgent.split("/", 1)[0]!.replace(/[\p{C}]/gu, "");
  return name.slice(0, 128) || "unknown";
}
