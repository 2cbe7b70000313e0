import type { KubeList, KubeObject, NamespacedName, ObjectMeta, Resource, Status, Stored } from "@homeostat/api";
import type { DeleteOptions, ListOptions } from "./client.ts";
import { keyOf } from "./live-reads.ts";
import { metadataOf } from "./metadata-of.ts";
import { selectorTexts } from "./query.ts";
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
  const before = context.cache?.store(resource, key)?.peek(key);
  const dryRun = options.dryRun === true;
  const token = dryRun ? undefined : context.ownWrites.begin(resource, key);
  try {
    const answer = await context.requester.send<T | Status>({
      method: "DELETE",
      resource,
      ...key,
      body: deleteBody(options),
      signal: options.signal,
      log: options.log,
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
  const { namespace, signal, log } = options;
  for (const field of ["labelSelector", "fieldSelector"] as const)
    if (field in options && options[field] === undefined)
      throw new Error(
        `deleteAll ${resource.plural}: ${field} is undefined; leave it out to delete all, pass null for none`,
      );
  if (resource.scope === "Namespaced" && !namespace)
    throw new Error(`deleteAll ${resource.plural}: namespace is missing; the API deletes in one namespace at a time`);
  const query = selectorTexts(options);
  if (!query) return;
  const dryRun = options.dryRun === true;
  // Whom it will hit is not known before, so reads of the whole kind wait for the answer.
  const token = dryRun ? undefined : context.ownWrites.begin(resource, undefined);
  try {
    const deleted = await context.requester.send<KubeList | Status>({
      method: "DELETE",
      resource: metadataOf(resource),
      namespace,
      query: { ...query },
      answer: "list",
      body: deleteBody(options),
      signal,
      log,
    });
    for (const { metadata } of "items" in deleted ? (deleted.items ?? []) : [])
      if (metadata?.name && isGoneAtOnce(resource, metadata, options))
        token?.deleted(keyOf(resource, { name: metadata.name, namespace: metadata.namespace }), metadata.uid);
  } finally {
    token?.end();
  }
  context.onWrite?.({
    verb: "deleteAll",
    resource,
    subresource: undefined,
    namespace,
    name: "",
    result: undefined,
    before: undefined,
    changed: undefined,
    dryRun,
  });
}

/** Of objects deleted together the answer tells how they were before; of these it is certain that nothing holds them. */
function isGoneAtOnce(
  resource: Resource,
  metadata: ObjectMeta,
  { propagationPolicy, gracePeriodSeconds }: DeleteOptions,
): boolean {
  if ((metadata.finalizers?.length ?? 0) > 0) return false;
  if (propagationPolicy !== undefined && propagationPolicy !== "Background") return false;
  // Pods alone are given time to end.
  return resource.group !== "" || resource.plural !== "pods" || gracePeriodSeconds === 0;
}
