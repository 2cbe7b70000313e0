import { badRequest, fieldError, invalid, type JsonObject, type StatusCause } from "@homeostat/api";
import { decodeBody } from "../codec/decode-body.ts";
import { header, type ServerRequest } from "../http/handler.ts";
import { isTrue } from "../http/request-info.ts";
import type { DeleteOptions } from "../registry/delete.ts";
import { decodeBuiltin } from "../schema/index-builtin.ts";

const kind = { group: "meta.k8s.io", version: "v1", kind: "DeleteOptions" };
const definition = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const policies = ["Background", "Foreground", "Orphan"];

/** What a delete asks for, with its dry run. */
export type RequestedDelete = DeleteOptions & { readonly dryRun: boolean };

/**
 * Options of a delete, from its body or, where that is empty, from its query. Go clients send the body in protobuf, and
 * under the version of the group they delete in.
 *
 * @throws ApiError BadRequest, Invalid, UnsupportedMediaType
 */
export async function readDeleteOptions(request: ServerRequest, query: URLSearchParams): Promise<RequestedDelete> {
  const body = await request.body();
  if (body.length === 0) return checkDeleteOptions(fromQuery(query));
  const { object } = decodeBody(body, header(request, "content-type"), { kind });
  return checkDeleteOptions(object);
}

/** @throws ApiError BadRequest, Invalid */
export function checkDeleteOptions(given: JsonObject): RequestedDelete {
  if (given["kind"] !== undefined && given["kind"] !== "DeleteOptions") {
    throw badRequest(`the body of a delete must be of kind DeleteOptions, not ${JSON.stringify(given["kind"])}`);
  }
  const { mismatch } = decodeBuiltin(definition, given);
  if (mismatch !== undefined) throw badRequest(`DeleteOptions cannot be handled: ${mismatch}`);
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = given as {
    gracePeriodSeconds?: number;
    propagationPolicy?: DeleteOptions["propagationPolicy"];
    orphanDependents?: boolean;
    preconditions?: DeleteOptions["preconditions"];
    dryRun?: string[];
  };
  const causes = problems(propagationPolicy, orphanDependents, dryRun ?? []);
  if (causes.length > 0) throw invalid(kind, "", causes);
  return {
    ...(gracePeriodSeconds == null ? {} : { gracePeriodSeconds: gracePeriodSeconds < 0 ? 1 : gracePeriodSeconds }),
    ...(propagationPolicy == null ? {} : { propagationPolicy }),
    ...(orphanDependents == null ? {} : { orphanDependents }),
    ...(preconditions == null ? {} : { preconditions }),
    dryRun: (dryRun ?? []).length > 0,
  };
}

/** Source: apimachinery `ValidateDeleteOptions`. */
function problems(
  policy: string | undefined,
  orphanDependents: boolean | undefined,
  dryRun: readonly string[],
): StatusCause[] {
  const causes: StatusCause[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    causes.push(fieldError.invalid("propagationPolicy", policy, why));
  }
  if (policy !== undefined && !policies.includes(policy)) {
    causes.push(fieldError.notSupported("propagationPolicy", policy, policies));
  }
  for (const value of dryRun) if (value !== "All") causes.push(fieldError.notSupported("dryRun", value, ["All"]));
  return causes;
}

function fromQuery(query: URLSearchParams): JsonObject {
  const grace = query.get("gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  const orphan = query.get("orphanDependents");
  if (grace !== null && !/^-?\d{1,15}$/.test(grace))
    throw badRequest(`query parameter gracePeriodSeconds: ${JSON.stringify(grace)} is not a whole number`);
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    dryRun: query.getAll("dryRun").filter((value) => value !== ""),
  };
}
