import {
  type AdmissionRequest,
  type ApiError,
  badRequest,
  invalid,
  type KubeObject,
  type Resource,
  type StatusCause,
} from "@homeostat/api";
import { silentLogger } from "../log.ts";
import {
  type AdmissionAnswer,
  type AdmissionContext,
  type AdmissionEnvironment,
  type AdmissionOperation,
  type AdmissionSettings,
  type AdmissionWebhook,
  admissionContext,
  allowed,
  checkedPath,
  objectOf,
  ruleFor,
  validatePath,
} from "./admission.ts";
import { webhookName } from "./defaulting.ts";
import { checkKind, refusal } from "./refusal.ts";

/**
 * What a rule finds: nothing, or what is wrong with which field (see `fieldError`), which becomes a 422 naming all of
 * it. Throwing an `ApiError` refuses with its code and reason, another error with 403 and its text.
 */
export type Findings = void | readonly StatusCause[] | Promise<void | readonly StatusCause[]>;

/** Rules about a kind; one that is absent allows. */
export interface ValidationRules<T extends KubeObject> {
  create?(object: T, context: AdmissionContext): Findings;
  update?(object: T, old: T, context: AdmissionContext): Findings;
  delete?(old: T, context: AdmissionContext): Findings;
}

export interface ValidatingWebhook<T extends KubeObject> extends AdmissionWebhook {
  readonly type: "validating";
  /**
   * The same rules without a webhook: in a reconcile, for objects that got past it, and in tests.
   * @param old the object before; given, `update` is asked, else `create`
   * @returns the warnings
   * @throws ApiError where the object is refused; what the rule threw, where it threw another error
   */
  validate(object: T, old?: T, environment?: Partial<AdmissionEnvironment>): Promise<readonly string[]>;
}

/**
 * A validating webhook. It is asked for the operations it has rules for.
 *
 *     validating(WebApp, {
 *       create: (app) => (app.spec.replicas > 9 ? [fieldError.invalid("spec.replicas", app.spec.replicas, "at most 9")] : []),
 *       update: (app, old, { warn }) => { if (app.spec.image !== old.spec.image) warn("pods will restart"); },
 *     })
 */
export function validating<T extends KubeObject>(
  resource: Resource<T>,
  rules: ValidationRules<T>,
  settings: AdmissionSettings = {},
): ValidatingWebhook<T> {
  const ask = async (
    operation: AdmissionOperation,
    object: T | undefined,
    old: T | undefined,
    context: AdmissionContext,
  ): Promise<void> => {
    const findings = await dispatch(rules, operation, object, old, context);
    if (findings && findings.length > 0)
      throw invalid(resource, (object ?? old)?.metadata?.name ?? context.request?.name ?? "", findings);
  };
  return {
    type: "validating",
    path: checkedPath(settings.path ?? validatePath(resource)),
    rules: settings.rules ?? [ruleFor(resource, operationsOf(rules))],
    settings: { name: `validate.${webhookName(resource)}`, ...settings },
    async validate(object, old, { log = silentLogger, signal = new AbortController().signal } = {}) {
      const operation = old === undefined ? "CREATE" : "UPDATE";
      const { context, warnings } = admissionContext(operation, { log, signal });
      await ask(operation, object, old, context);
      return warnings;
    },
    async review(request, environment): Promise<AdmissionAnswer> {
      const { operation } = request;
      if (operation === "CONNECT") return allowed();
      if (operation !== "CREATE" && operation !== "UPDATE" && operation !== "DELETE")
        throw badRequest(`unknown operation ${JSON.stringify(operation)}: must be CREATE, UPDATE, DELETE or CONNECT`);
      checkKind(resource, request);
      const { object, old } = objectsOf<T>(operation, request);
      const { context, warnings } = admissionContext(operation, environment, request);
      try {
        await ask(operation, object, old, context);
        return { ...allowed(), warnings };
      } catch (error) {
        return { ...refusal(error), warnings };
      }
    },
  };
}

async function dispatch<T extends KubeObject>(
  rules: ValidationRules<T>,
  operation: AdmissionOperation,
  object: T | undefined,
  old: T | undefined,
  context: AdmissionContext,
): Promise<void | readonly StatusCause[]> {
  if (operation === "CREATE") return rules.create?.(object!, context);
  if (operation === "UPDATE") return rules.update?.(object!, old!, context);
  return rules.delete?.(old!, context);
}

/** What the operation is about. @throws ApiError BadRequest where a part is missing */
function objectsOf<T>(
  operation: "CREATE" | "UPDATE" | "DELETE",
  request: AdmissionRequest,
): { object: T | undefined; old: T | undefined } {
  const object = objectOf(request.object) as T | undefined;
  const old = objectOf(request.oldObject) as T | undefined;
  const missing = (field: string): ApiError => badRequest(`${operation} carries no request.${field}`);
  if (operation !== "DELETE" && object === undefined) throw missing("object");
  if (operation !== "CREATE" && old === undefined) throw missing("oldObject");
  return { object, old };
}

function operationsOf(rules: ValidationRules<never>): AdmissionOperation[] {
  const operations: AdmissionOperation[] = [];
  if (rules.create) operations.push("CREATE");
  if (rules.update) operations.push("UPDATE");
  if (rules.delete) operations.push("DELETE");
  return operations;
}
