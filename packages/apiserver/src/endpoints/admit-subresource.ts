import type { JsonObject } from "@homeostat/api";
import type { Engine, WriteRequest } from "../registry/engine.ts";

/**
 * Admission of what is posted to a subresource that is an action rather than a part of the object (Eviction, Binding,
 * TokenRequest), or of the options of a connection. Webhooks may change it, in place.
 *
 * @returns the request for the writes that follow from it, about which nobody is asked again
 */
export async function admitSubresource(
  engine: Engine,
  write: WriteRequest,
  name: string,
  object: JsonObject,
  operation: "CREATE" | "CONNECT" = "CREATE",
): Promise<WriteRequest> {
  const { served, subresource, namespace, user, dryRun, options, warn, annotate } = write;
  const attributes = {
    operation,
    served,
    subresource,
    namespace,
    name,
    object,
    old: undefined,
    user,
    dryRun,
    options,
    warn,
    annotate,
  };
  await engine.admission.mutate(attributes);
  await engine.admission.validate(attributes);
  return { ...write, admittedAs: "already" };
}
