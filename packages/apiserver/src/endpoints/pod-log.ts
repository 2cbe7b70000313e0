import { badRequest, type JsonObject, notFound } from "@homeostat/api";
import type { StreamBody } from "../http/handler.ts";
import type { SubresourceHandler } from "./subresources.ts";

/**
 * Where the lines of a container's log come from.
 *
 * @param query of the request: `follow`, `tailLines`, `previous` … Source: core/v1 `PodLogOptions`
 */
export type PodLogs = (
  pod: JsonObject,
  container: string,
  query: URLSearchParams,
) => Promise<Uint8Array | StreamBody> | Uint8Array | StreamBody;

/** `GET pods/X/log`. Without a source the log is empty: nothing runs behind the pods of this server. */
export function podLogHandler(logs: PodLogs = () => new Uint8Array(0)): SubresourceHandler {
  return async (engine, { served, info }) => {
    const entry = await engine.store.storage.get(engine.store.key(served, info.namespace, info.name!));
    if (!entry) throw notFound(served.resource, info.name!);
    const pod = await engine.store.object(served, entry);
    const container = containerOf(pod, info.name!, info.query.get("container") ?? "");
    return { status: 200, headers: { "content-type": "text/plain" }, body: await logs(pod, container, info.query) };
  };
}

/** Source: registry/core/pod `LogLocation`. */
export function containerOf(pod: JsonObject, name: string, asked: string): string {
  const spec = (pod["spec"] ?? {}) as Record<string, { name: string }[] | undefined>;
  const regular = (spec["containers"] ?? []).map((container) => container.name);
  const others = [...(spec["initContainers"] ?? []), ...(spec["ephemeralContainers"] ?? [])].map(({ name }) => name);
  if (asked === "") {
    if (regular.length === 1) return regular[0]!;
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${[...regular, ...others].join(" ")}]`,
    );
  }
  if ([...regular, ...others].includes(asked)) return asked;
  throw badRequest(`container ${asked} is not valid for pod ${name}`);
}
