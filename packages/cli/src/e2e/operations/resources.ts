import type { Json, JsonObject } from "@homeostat/api";
import { targetOf } from "../clusters/cluster.ts";
import type { ResourceAction } from "../documents/test-document.ts";
import { readResources } from "../resources/read-resources.ts";
import { fillIn } from "../resources/template.ts";
import type { OperationContext } from "./context.ts";

/** What an action names, as it stands there. @throws DocumentError */
export async function resourcesOf(action: ResourceAction, context: OperationContext): Promise<readonly JsonObject[]> {
  if (action.resource) return [action.resource];
  const { evaluator, bindings, language, folder, signal } = context;
  const file = await evaluator.settle(() => evaluator.text(action.file!, bindings, language));
  return readResources(file, folder, signal);
}

export const templated = (action: ResourceAction, { template }: OperationContext): boolean =>
  action.template ?? template;

/** A resource with its expressions filled in, in the test's namespace where it names none. */
export async function prepared(
  resource: JsonObject,
  action: ResourceAction,
  context: OperationContext,
): Promise<JsonObject> {
  const { evaluator, bindings, language } = context;
  const object = templated(action, context)
    ? await evaluator.settle(() => fillIn(resource, bindings, evaluator, language))
    : resource;
  return inNamespace(withGracePeriod(object, context.gracePeriodSeconds), context);
}

/** The same operation, for the resource that comes next. */
export function forResource(context: OperationContext, index: number): OperationContext {
  const operation = (context.bindings.get("operation") ?? {}) as JsonObject;
  return { ...context, bindings: context.bindings.with("operation", { ...operation, resourceId: index + 1 }) };
}

/** Where kinds keep the spec of their pods. */
const podSpecs: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  Deployment: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

function withGracePeriod(object: JsonObject, seconds: number | undefined): JsonObject {
  const path = podSpecs[String(object["kind"])];
  if (seconds === undefined || !path) return object;
  return changedAt(object, path, (spec) => ({ ...spec, terminationGracePeriodSeconds: seconds }));
}

/** What a patch leaves out stays out. */
function changedAt(
  object: JsonObject,
  [key, ...rest]: readonly string[],
  change: (object: JsonObject) => JsonObject,
): JsonObject {
  if (key === undefined) return change(object);
  const child = object[key];
  if (child === null || typeof child !== "object" || Array.isArray(child)) return object;
  return { ...object, [key]: changedAt(child, rest, change) };
}

/** Namespaced objects go to the test's namespace unless they name another. */
export async function inNamespace(object: JsonObject, context: OperationContext): Promise<JsonObject> {
  const target = targetOf(object);
  if (target.namespace || !context.namespace) return object;
  const cluster = await context.cluster();
  // An unknown kind is said by the operation itself, which may wait for it.
  const isNamespaced = await cluster.isNamespaced(target).catch(() => false);
  if (!isNamespaced) return object;
  return { ...object, metadata: { ...(object["metadata"] as JsonObject), namespace: context.namespace } };
}

/** `apps/v1/Deployment shop/web`, for people. */
export function nameOf(object: Json): string {
  const { apiVersion, kind, namespace, name } = targetOf((object ?? {}) as JsonObject);
  const place = [namespace, name ?? "*"].filter((part) => part !== undefined).join("/");
  return `${apiVersion}/${kind} ${place}`;
}
