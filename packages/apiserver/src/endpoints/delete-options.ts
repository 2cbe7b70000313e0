import { badRequest, fieldError, invalid } from "@homeostat/api";
import type { DeleteOptions } from "../registry/delete.ts";
import { isTrue } from "./list-query.ts";
import { parseOptionsBody } from "./write-query.ts";

const kind = { group: "meta.k8s.io", kind: "DeleteOptions" };
const policies = ["Background", "Foreground", "Orphan"];

/**
 * Options of a delete, from its body or, where that is empty, from its query.
 * @throws ApiError BadRequest, Invalid
 */
export function parseDeleteOptions(
  query: URLSearchParams,
  body: Uint8Array,
): DeleteOptions & { readonly dryRun: boolean } {
  const given = body.length > 0 ? parseOptionsBody(body) : fromQuery(query);
  if (given["kind"] !== undefined && given["kind"] !== "DeleteOptions") {
    throw badRequest(`the body of a delete must be of kind DeleteOptions, not ${JSON.stringify(given["kind"])}`);
  }
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = given as {
    gracePeriodSeconds?: number;
    propagationPolicy?: DeleteOptions["propagationPolicy"];
    orphanDependents?: boolean;
    preconditions?: DeleteOptions["preconditions"];
    dryRun?: string[];
  };
  const causes = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    causes.push(
      fieldError.invalid(
        "propagationPolicy",
        propagationPolicy,
        "orphanDependents and deletionPropagation cannot be both set",
      ),
    );
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    causes.push(fieldError.notSupported("propagationPolicy", propagationPolicy, policies));
  }
  for (const value of dryRun ?? []) if (value !== "All") causes.push(fieldError.notSupported("dryRun", value, ["All"]));
  if (causes.length > 0) throw invalid(kind, "", causes);
  return {
    ...(gracePeriodSeconds == null ? {} : { gracePeriodSeconds: gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds }),
    ...(propagationPolicy == null ? {} : { propagationPolicy }),
    ...(orphanDependents == null ? {} : { orphanDependents }),
    ...(preconditions == null ? {} : { preconditions }),
    dryRun: (dryRun ?? []).length > 0,
  };
}

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const grace = query.get("gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const orphan = query.get("orphanDependents");
  if (grace !== null && !/^-?\d+$/.test(grace))
    throw badRequest(`query parameter gracePeriodSeconds: ${JSON.stringify(grace)} is not a whole number`);
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    dryRun: query.getAll("dryRun").filter((value) => value !== ""),
  };
}
