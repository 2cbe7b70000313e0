import { finalizeNamespace } from "../builtins/namespace.ts";
import { header } from "../http/handler.ts";
import { updateObject } from "../registry/update.ts";
import { readObject } from "./accept-object.ts";
import { answer, responderOf, writeRequest } from "./endpoint-request.ts";
import type { SubresourceHandler } from "./subresources.ts";
import { parseWriteQuery } from "./write-query.ts";

/** `PUT /api/v1/namespaces/X/finalize`: says that a part of its content is gone. Changes nothing but the finalizers. */
export const namespaceFinalize: SubresourceHandler = async (engine, call) => {
  const { served, info, request, warn } = call;
  const responder = responderOf({ engine }, call, []);
  const query = parseWriteQuery(info.query, header(request, "user-agent") ?? "", "update");
  const write = writeRequest(call, query);
  const name = info.name!;
  const sent = await readObject(request, {
    served,
    namespace: undefined,
    name,
    fieldValidation: query.fieldValidation,
    warn,
  });
  const outcome = await updateObject(engine, write, name, {
    fields: "record",
    transform: (live) => finalizeNamespace(live, sent),
  });
  return answer(responder, outcome);
};
