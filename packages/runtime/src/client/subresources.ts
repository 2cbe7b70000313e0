import type { Scale, ScaleClient, SubresourceClient } from "./client.ts";
import { keyOf } from "./live-reads.ts";
import { type WriteContext, write, writeQuery, writes } from "./writes.ts";

export function subresourceClient(context: WriteContext, name: string): SubresourceClient {
  const { update, patchJson, patchMerge, apply } = writes(context, name);
  return {
    update,
    patchJson,
    patchMerge,
    apply,
    get: (resource, key, options) =>
      context.requester.send({
        method: "GET",
        resource,
        ...keyOf(resource, key),
        subresource: name,
        signal: options?.signal,
        log: options?.log,
      }),
    async create(resource, asked, body, options) {
      const key = keyOf(resource, asked);
      const query = writeQuery(context, options);
      const result = await context.requester.send<typeof body>({
        method: "POST",
        resource,
        ...key,
        subresource: name,
        query,
        body,
        signal: options?.signal,
        log: options?.log,
      });
      context.onWrite?.({
        verb: "create",
        resource,
        subresource: name,
        namespace: key.namespace,
        name: key.name,
        result,
        before: undefined,
        changed: undefined,
        dryRun: options?.dryRun === true,
      });
      return result;
    },
  };
}

export function scaleClient(context: WriteContext): ScaleClient {
  return {
    get: (resource, key, options) =>
      context.requester.send<Scale>({
        method: "GET",
        resource,
        ...keyOf(resource, key),
        subresource: "scale",
        signal: options?.signal,
        log: options?.log,
      }),
    async set(resource, asked, replicas, options) {
      const key = keyOf(resource, asked);
      const target = { verb: "patchMerge" as const, resource, key, subresource: "scale", options };
      return write<Scale>(context, target, (signal) => ({
        method: "PATCH",
        ...key,
        query: writeQuery(context, options),
        body: { spec: { replicas } },
        contentType: "application/merge-patch+json",
        signal,
      }));
    },
  };
}
