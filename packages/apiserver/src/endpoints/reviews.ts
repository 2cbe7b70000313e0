import type { ReviewName, Reviews } from "../auth/reviews.ts";
import { header, type ServerResponse } from "../http/handler.ts";
import { readObject } from "./accept-object.ts";
import type { EndpointOptions } from "./endpoint-options.ts";
import { type EndpointRequest, responderOf } from "./endpoint-request.ts";
import { parseWriteQuery } from "./write-query.ts";

/** Kinds that are answered and never stored: access and token reviews. @returns undefined for all other resources */
export function reviewOf(reviews: Reviews, group: string, plural: string): Reviews[ReviewName] | undefined {
  if (group !== "authorization.k8s.io" && group !== "authentication.k8s.io") return undefined;
  return Object.hasOwn(reviews, plural) ? reviews[plural as ReviewName] : undefined;
}

export async function postReview(
  options: Pick<EndpointOptions, "engine">,
  call: EndpointRequest,
  review: Reviews[ReviewName],
): Promise<ServerResponse> {
  const { served, info, request, user, warn } = call;
  const responder = responderOf(options, call, []);
  const { fieldValidation } = parseWriteQuery(info.query, header(request, "user-agent") ?? "", "create");
  const object = await readObject(request, {
    served,
    namespace: info.namespace,
    name: undefined,
    fieldValidation,
    warn,
  });
  return responder.object(201, await review(object, { user, namespace: info.namespace }));
}
