import type { JsonObject } from "@homeostat/api";
import type { Engine, Outcome, WriteRequest } from "../registry/engine.ts";
import { copyOf, metaOf, mutableMeta } from "../registry/object.ts";
import { updateObject } from "../registry/update.ts";
import { readObject } from "./accept-object.ts";
import type { EndpointRequest } from "./endpoint-request.ts";
import type { WriteQuery } from "./write-query.ts";

/**
 * Replaces an object, or what a subresource shows of it. Some kinds create what is not there.
 *
 * @param mayCreate throws where the caller may not create; asked only then
 */
export async function putObject(
  engine: Engine,
  write: WriteRequest,
  call: EndpointRequest,
  query: WriteQuery,
  mayCreate: () => Promise<void>,
): Promise<Outcome> {
  const { served, info, request } = call;
  const wanted = await readObject(request, {
    served,
    namespace: info.namespace,
    name: info.name!,
    fieldValidation: query.fieldValidation,
    warn: call.warn,
  });

  const create = async (): Promise<JsonObject> => {
    await mayCreate();
    const object = copyOf(wanted);
    // The version of what was there once says nothing about what is made now.
    delete mutableMeta(object)["resourceVersion"];
    return object;
  };
  return updateObject(engine, write, info.name!, {
    transform: () => copyOf(wanted),
    fields: "record",
    requireVersion: true,
    uid: metaOf(wanted).uid,
    ...(served.strategy.createOnUpdate ? { create } : {}),
  });
}
