import { methodNotAllowed, notFound } from "@homeostat/api";
import { header, type ServerResponse } from "../http/handler.ts";
import type { Engine } from "../registry/engine.ts";
import type { ServedSubresource } from "../registry/served-resource.ts";
import type { EndpointOptions } from "./endpoint-options.ts";
import { answer, type EndpointRequest, responderOf, writeRequest } from "./endpoint-request.ts";
import { patchObject, patchTypeOf } from "./patch.ts";
import { putObject } from "./put.ts";
import { parseWriteQuery } from "./write-query.ts";

/** Serves what lies under an object: `status`, `scale`, `eviction` … */
export interface Subresources {
  handle(call: EndpointRequest, subresource: ServedSubresource): Promise<ServerResponse>;
}

/** Serves one subresource, of one resource (`pods/eviction`) or of any (`* /scale`). */
export type SubresourceHandler = (
  engine: Engine,
  call: EndpointRequest,
  subresource: ServedSubresource,
) => Promise<ServerResponse>;

/**
 * @param handlers by `plural.group/subresource` or by `subresource`; what is not among them shows the object itself,
 * as `status` does, and what may be written through it is the strategy's word
 */
export function createSubresources(
  options: Pick<EndpointOptions, "engine">,
  handlers: ReadonlyMap<string, SubresourceHandler>,
): Subresources {
  return {
    async handle(call, subresource) {
      const { group, plural } = call.served.resource;
      const handler =
        handlers.get(`${plural}${group ? `.${group}` : ""}/${subresource.name}`) ?? handlers.get(subresource.name);
      return handler ? handler(options.engine, call, subresource) : objectSubresource(options, call);
    },
  };
}

/** What lies under an object is not there without it. */
const neverCreated = async (): Promise<void> => {};

const forms = ["Table", "PartialObjectMetadata"] as const;

/** A subresource that shows the object and lets a part of it be written. */
async function objectSubresource(
  options: Pick<EndpointOptions, "engine">,
  call: EndpointRequest,
): Promise<ServerResponse> {
  const { engine } = options;
  const { served, info, request, warn } = call;
  const userAgent = header(request, "user-agent") ?? "";
  const responder = responderOf(options, call, forms);
  switch (info.verb) {
    case "get": {
      const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
      if (!entry) throw notFound(served.resource, info.name!);
      return responder.object(200, await engine.store.object(served, entry));
    }
    case "update": {
      const query = parseWriteQuery(info.query, userAgent, "update");
      return answer(responder, await putObject(engine, writeRequest(call, query), call, query, neverCreated));
    }
    case "patch": {
      const type = patchTypeOf(request, served.custom);
      const query = parseWriteQuery(info.query, userAgent, "patch", type === "apply");
      const expected = {
        served,
        namespace: info.namespace,
        name: info.name!,
        fieldValidation: query.fieldValidation,
        warn,
      };
      return answer(
        responder,
        await patchObject(engine, writeRequest(call, query), request, {
          type,
          query,
          expected,
          mayCreate: neverCreated,
        }),
      );
    }
    default:
      throw methodNotAllowed(served.resource, info.verb);
  }
}
