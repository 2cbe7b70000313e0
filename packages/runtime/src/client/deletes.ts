import type { KubeObject, NamespacedName, Resource, Status, Stored } from "@homeostat/api";
import type { DeleteOptions, ListOptions } from "./client.ts";
import { keyOf } from "./live-reads.ts";
import { selectorText } from "./query.ts";
import { withKind } from "./requester.ts";
import type { WriteContext } from "./writes.ts";

function deleteBody({ propagationPolicy, gracePeriodSeconds, preconditions, dryRun }: DeleteOptions): object {
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    ...(propagationPolicy ? { propagationPolicy } : {}),
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions ? { preconditions } : {}),
    ...(dryRun ? { dryRun: ["All"] } : {}),
  };
}

export async function deleteOne<T extends KubeObject>(
  context: WriteContext,
  resource: Resource<T>,
  asked: NamespacedName,
  options: DeleteOptions = {},
): Promise<Stored<T> | Status> {
  const key = keyOf(resource, asked);
  const before = context.cache
    ?.store(resource, key.namespace === undefined ? {} : { namespace: key.namespace })
    ?.peek(key);
  const dryRun = options.dryRun === true;
  const token = dryRun ? undefined : context.ownWrites.begin(resource, key);
  try {
    const answer = await context.requester.send<T | Status>({
      method: "DELETE",
      resource,
      ...key,
      body: deleteBody(options),
      signal: options.signal,
    });
    const status = answer.kind === "Status" && answer.apiVersion === "v1" ? (answer as Status) : undefined;
    const object = status ? undefined : withKind(answer as T, resource);
    const waits =
      object?.metadata.deletionTimestamp !== undefined &&
      ((object.metadata.finalizers?.length ?? 0) > 0 || (object.metadata.deletionGracePeriodSeconds ?? 0) > 0);
    if (object && waits) token?.wrote(key, object.metadata.resourceVersion);
    else token?.deleted(key, object?.metadata.uid ?? status?.details?.uid ?? before?.metadata.uid);
    context.onWrite?.({
      verb: "delete",
      resource,
      subresource: undefined,
      namespace: key.namespace,
      name: key.name,
      result: object,
      before,
      changed:
        waits && before?.metadata.deletionTimestamp !== undefined
          ? before.metadata.resourceVersion !== object?.metadata.resourceVersion
          : true,
      dryRun,
    });
    return object ?? status!;
  } finally {
    token?.end();
  }
}

export async function deleteAll(
  context: WriteContext,
  resource: Resource,
  options: ListOptions & DeleteOptions = {},
): Promise<void> {
  const { namespace, labelSelector, fieldSelector, signal } = options;
  const query = { labelSelector: selectorText(labelSelector), fieldSelector };
  await context.requester.send({ method: "DELETE", resource, namespace, query, body: deleteBody(options), signal });
  context.onWrite?.({
    verb: "deleteAll",
    resource,
    subresource: undefined,
    namespace,
    name: "",
    result: undefined,
    before: undefined,
    changed: undefined,
    dryRun: options.dryRun === true,
  });
}
