import { ignoreNotFound } from "@homeostat/api";
import type { Client, ScaleClient, SubresourceClient } from "./client.ts";

/** What is answered in place of a client; what is left out passes through. */
export interface ClientOverrides extends Partial<Omit<Client, "status" | "subresource" | "scale">> {
  /** Asked once for each name, `status` among them. */
  readonly subresource?: (name: string) => Partial<SubresourceClient> | undefined;
  readonly scale?: Partial<ScaleClient>;
}

/**
 * A client of which some verbs are answered by other functions, for tests and policies. They call the client itself
 * where they want to pass on:
 *
 *     const readOnly = interceptClient(client, {
 *       async delete(resource, key) {
 *         throw new Error(`${resource.kind} ${key.name} must stay`);
 *       },
 *     });
 *
 * `find` follows `get` where only that is replaced. To change what goes over the wire use an `Interceptor` of the transport.
 */
export function interceptClient(client: Client, overrides: ClientOverrides): Client {
  const { subresource: subresourceOf, scale, ...verbs } = overrides;
  const { get } = verbs;
  const follow: Partial<Client> =
    get && !verbs.find ? { find: (resource, key, options) => ignoreNotFound(get(resource, key, options)) } : {};
  const subresource = (name: string): SubresourceClient => ({
    ...(name === "status" ? client.status : client.subresource(name)),
    ...subresourceOf?.(name),
  });
  return {
    ...client,
    ...follow,
    ...verbs,
    ...(subresourceOf ? { subresource, status: subresource("status") } : {}),
    scale: { ...client.scale, ...scale },
  };
}
