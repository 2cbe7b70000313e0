import { ignoreNotFound, isNotFound, type JsonObject, type Stored } from "@homeostat/api";
import { type Cluster, type Target, targetOf } from "../clusters/cluster.ts";
import type { DeleteAction, Propagation } from "../documents/test-document.ts";
import { fillIn } from "../resources/template.ts";
import { type OperationContext, OperationError, type OperationResult } from "./context.ts";
import { decide } from "./expect.ts";
import { type PollOptions, poll } from "./poll.ts";
import { inNamespace, nameOf, resourcesOf, templated } from "./resources.ts";
import { describe } from "./write.ts";

/** Deletes what is named, or what labels choose, and waits until it is gone. What is not there is gone already. */
export async function runDelete(action: DeleteAction, context: OperationContext): Promise<OperationResult> {
  const lines: string[] = [];
  for (const resource of await referencesOf(action, context)) {
    try {
      await deleteReferenced(resource, action, context);
    } catch (error) {
      context.signal.throwIfAborted();
      lines.push(...describe(resource, error));
    }
  }
  if (lines.length > 0) throw new OperationError(lines);
  return { values: [], bindings: context.bindings };
}

async function referencesOf(action: DeleteAction, context: OperationContext): Promise<JsonObject[]> {
  const { ref } = action;
  const { evaluator, bindings, language } = context;
  const said = ref
    ? [
        {
          apiVersion: ref.apiVersion ?? "",
          kind: ref.kind ?? "",
          metadata: {
            ...(ref.name ? { name: ref.name } : {}),
            ...(ref.namespace ? { namespace: ref.namespace } : {}),
            ...(ref.labels ? { labels: ref.labels } : {}),
          },
        } as JsonObject,
      ]
    : await resourcesOf(action, context);
  const fill = ref !== undefined || templated(action, context);
  return Promise.all(
    said.map(async (object) =>
      inNamespace(fill ? await evaluator.settle(() => fillIn(object, bindings, evaluator, language)) : object, context),
    ),
  );
}

async function deleteReferenced(resource: JsonObject, action: DeleteAction, context: OperationContext): Promise<void> {
  const cluster = await context.cluster();
  const found = await cluster.read(targetOf(resource), context.signal);
  const propagation = action.deletionPropagationPolicy ?? context.propagation;
  for (const object of found) {
    let failure: unknown;
    try {
      await deleteAndWait(cluster, object, propagation, context);
    } catch (error) {
      failure = error;
    }
    await decide(action.expect, object as never, failure, context);
  }
}

/** @throws OperationError when the object is still there when the time is up */
export async function deleteAndWait(
  cluster: Cluster,
  object: Stored,
  propagation: Propagation,
  options: PollOptions,
): Promise<void> {
  const target = targetOf(object as unknown as JsonObject);
  let isAsked = false;
  const attempt = async (signal: AbortSignal): Promise<boolean> => {
    try {
      if (!isAsked) await cluster.delete(target, propagation, signal);
      isAsked = true;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
    return isGone(cluster, target, object.metadata.uid, signal);
  };
  if (await poll(options, attempt)) return;
  const left = await ignoreNotFound(cluster.find(target, options.signal));
  const held = left?.metadata.finalizers?.length
    ? ` (it waits for its finalizers ${left.metadata.finalizers.join(", ")})`
    : "";
  throw new OperationError([`${nameOf(object as never)}: still there after ${options.timeoutMs} ms${held}`]);
}

/** Another object of the same name, made meanwhile, counts as gone: the one that was deleted is. */
async function isGone(cluster: Cluster, target: Target, uid: string, signal: AbortSignal): Promise<boolean> {
  const found = await ignoreNotFound(cluster.find(target, signal));
  return found === undefined || found.metadata.uid !== uid;
}
