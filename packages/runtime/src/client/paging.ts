import type { KubeObject, Resource, Stored } from "@homeostat/api";
import type { Client, ListOptions } from "./client.ts";

/**
 * Every object of a kind, asked for in pages (`limit`, default 500), so that neither side holds them all. The pages
 * are of one moment, that of the first.
 *
 * @throws ApiError Expired where the walk takes longer than the server keeps that moment (about five minutes)
 */
export async function* listAll<T extends KubeObject>(
  client: Client,
  resource: Resource<T>,
  options: ListOptions = {},
): AsyncGenerator<Stored<T>, void, void> {
  const limit = options.limit ?? 500;
  let token = options.continue;
  do {
    const page = await client.list(resource, {
      ...options,
      limit,
      from: "live",
      ...(token ? { continue: token } : {}),
    });
    yield* page.items;
    token = page.continue;
  } while (token);
}
