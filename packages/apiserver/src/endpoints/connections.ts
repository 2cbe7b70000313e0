import { notFound, statusError } from "@homeostat/api";
import type { SubresourceHandler } from "./subresources.ts";

/**
 * Subresources that are connections to a process (exec, attach, portforward, proxy). Nothing runs behind the objects of
 * this server, so there is nothing to connect to, and it says so.
 */
export const noConnection: SubresourceHandler = async (engine, { served, info }, subresource) => {
  const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
  if (!entry) throw notFound(served.resource, info.name!);
  throw statusError(
    501,
    "NotImplemented",
    `${served.resource.singular} ${JSON.stringify(info.name)} runs no process that ${subresource.name} could connect to: it exists in the API only`,
  );
};
