import { badRequest, type JsonObject, type KubeObject, type Resource } from "@homeostat/api";
import { silentLogger } from "../log.ts";
import {
  type AdmissionContext,
  type AdmissionEnvironment,
  type AdmissionSettings,
  type AdmissionWebhook,
  admissionContext,
  allowed,
  checkedPath,
  mutatePath,
  objectOf,
  patched,
  ruleFor,
} from "./admission.ts";
import { createJsonPatch, plain } from "./json-patch.ts";
import { checkKind, refusal } from "./refusal.ts";

/** Completes an object: returns it changed, or as it was. It may change the one it is given, which is a copy. */
export type DefaultFunction<T extends KubeObject> = (object: T, context: AdmissionContext) => T | Promise<T>;

export interface DefaultingWebhook<T extends KubeObject> extends AdmissionWebhook {
  readonly type: "mutating";
  /**
   * The same defaults without a webhook: in a reconcile, for objects made while it was not there, and in tests. The
   * argument is left as it is.
   */
  default(object: T, environment?: Partial<AdmissionEnvironment>): Promise<T>;
}

/**
 * A mutating webhook that fills in what users left out. The patch holds what the function changed and nothing else:
 * fields it does not know stay, because an object is JSON all the way. A function that returns `WebApp.parse(object)`
 * removes unknown fields on purpose. Asked for CREATE and UPDATE; a DELETE passes untouched. Throwing refuses the
 * request as a validator's throw does.
 *
 *     defaulting(WebApp, (app) => ({ ...app, spec: { ...app.spec, replicas: app.spec.replicas ?? 2 } }))
 */
export function defaulting<T extends KubeObject>(
  resource: Resource<T>,
  complete: DefaultFunction<T>,
  settings: AdmissionSettings = {},
): DefaultingWebhook<T> {
  const run = async (object: T, context: AdmissionContext): Promise<T> => {
    const completed = await complete(plain(object), context);
    if (typeof completed !== "object" || completed === null)
      throw new TypeError(`defaulting of ${resource.kind} returned ${String(completed)}: return the object`);
    return plain(completed);
  };
  return {
    type: "mutating",
    path: checkedPath(settings.path ?? mutatePath(resource)),
    rules: settings.rules ?? [ruleFor(resource, ["CREATE", "UPDATE"])],
    settings: { name: `default.${webhookName(resource)}`, ...settings },
    async default(object, { log = silentLogger, signal = new AbortController().signal } = {}) {
      const operation = object.metadata?.uid ? "UPDATE" : "CREATE";
      return run(object, admissionContext(operation, { log, signal }).context);
    },
    async review(request, environment) {
      if (request.operation === "DELETE") return allowed();
      const object = objectOf(request.object);
      if (!object) throw badRequest(`${request.operation ?? "the request"} carries no object to set defaults in`);
      checkKind(resource, request);
      const operation = request.operation as AdmissionContext["operation"];
      const { context, warnings } = admissionContext(operation, environment, request);
      try {
        const completed = await run(object as unknown as T, context);
        return { ...patched(createJsonPatch(object, completed as unknown as JsonObject)), warnings };
      } catch (error) {
        return { ...refusal(error), warnings };
      }
    },
  };
}

/** `v1.webapps.example.com`; at least three parts with the word before it. */
export const webhookName = ({ version, plural, group }: Resource): string =>
  [version, plural, ...(group === "" ? [] : [group])].join(".");
