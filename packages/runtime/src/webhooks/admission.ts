import type {
  AdmissionRequest,
  Json,
  JsonObject,
  LabelSelector,
  MatchCondition,
  Resource,
  RuleWithOperations,
  Status,
} from "@homeostat/api";
import type { JsonPatchOperation } from "../client/client.ts";
import type { Logger } from "../log.ts";
import { createJsonPatch } from "./json-patch.ts";

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

/**
 * One admission webhook: made by `defaulting`, `validating` or `admissionHandler`, served by a webhook server, declared
 * by `webhookManifests`.
 */
export interface AdmissionWebhook {
  readonly type: "mutating" | "validating";
  /** Where it is served: `/mutate-example-com-v1-webapp`. */
  readonly path: string;
  /** What it is asked about. Empty: manifests leave it out. */
  readonly rules: readonly RuleWithOperations[];
  readonly settings: AdmissionSettings;
  /**
   * Answers one request. Throwing an `ApiError` refuses with its status; any other throw counts as a panic and is
   * answered with code 500.
   */
  review(request: AdmissionRequest, environment: AdmissionEnvironment): Promise<AdmissionAnswer>;
}

/** How the API server is to call a webhook: fields of webhook configurations, under their own names. */
export interface AdmissionSettings {
  /** Where it is served. Default: controller-runtime's path, `/mutate-…` or `/validate-<group>-<version>-<kind>`. */
  readonly path?: string;
  /** In its configuration: a domain of at least three parts. Default `default.v1.webapps.example.com`, `validate.…`. */
  readonly name?: string;
  /** What it is asked about. Default: the resource, in both scopes, for the operations that are handled. */
  readonly rules?: readonly RuleWithOperations[];
  /** What happens to requests while the webhook cannot be reached. Default `Fail`. */
  readonly failurePolicy?: "Fail" | "Ignore";
  /** How long the API server waits, from 1 to 30. Default 10. */
  readonly timeoutSeconds?: number;
  /** `Equivalent`: asked about other versions of the kind, too, converted to this one. Default `Equivalent`. */
  readonly matchPolicy?: "Equivalent" | "Exact";
  /** Default `None`: the handler changes nothing but its answer. With `NoneOnDryRun` it looks at `dryRun`. */
  readonly sideEffects?: "None" | "NoneOnDryRun";
  /** Only objects of such namespaces. Default all. */
  readonly namespaceSelector?: LabelSelector;
  /** Only such objects. Default all. */
  readonly objectSelector?: LabelSelector;
  /** CEL expressions that must all hold for the webhook to be called. Default none. */
  readonly matchConditions?: readonly MatchCondition[];
  /** Mutating ones: whether to be asked again when a later webhook changes the object. Default `Never`. */
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

/** What surrounds a request. */
export interface AdmissionEnvironment {
  readonly log: Logger;
  /** Aborted when the caller hangs up or its timeout is over: the answer is of no use then. */
  readonly signal: AbortSignal;
}

/** What a rule knows beside the object. */
export interface AdmissionContext extends AdmissionEnvironment {
  readonly operation: AdmissionOperation;
  /** Nothing will be stored: a rule with side effects must not have them. */
  readonly dryRun: boolean;
  /** Who asks for what; undefined where the rule is used without a webhook. */
  readonly request: AdmissionRequest | undefined;
  /** Tells the user something without refusing, in at most 120 characters or so. Never with secrets. */
  warn(message: string): void;
}

/** The answer to an admission request. See {@link allowed}, {@link denied}, {@link errored}, {@link patched}. */
export interface AdmissionAnswer {
  readonly allowed: boolean;
  /** Code, reason and message. Default: 200 where allowed, 403 where not. */
  readonly status?: Partial<Status>;
  /** RFC 6902, against the object of the request. Mutating webhooks only; ignored where the answer is no. */
  readonly patch?: readonly JsonPatchOperation[];
  readonly warnings?: readonly string[];
  /** Written to the audit log under `<name of the webhook>/<key>`. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** Yes. @param message shown nowhere but in logs of the API server */
export const allowed = (message?: string): AdmissionAnswer => ({
  allowed: true,
  status: { code: 200, ...(message ? { message } : {}) },
});

/** No, as the policy is (403). @param message what the user reads: say what to change */
export const denied = (message: string): AdmissionAnswer => ({
  allowed: false,
  status: { status: "Failure", code: 403, reason: "Forbidden", message },
});

/** No, because the question could not be answered. @param code an HTTP status: 400, 500 … */
export const errored = (code: number, message: string): AdmissionAnswer => ({
  allowed: false,
  status: { status: "Failure", code, message },
});

/** Yes, with these changes. */
export const patched = (operations: readonly JsonPatchOperation[], message?: string): AdmissionAnswer => ({
  ...allowed(message),
  patch: operations,
});

/** Yes, with the changes that turn the request's object into this one. */
export const patchedTo = (request: AdmissionRequest, object: unknown): AdmissionAnswer =>
  patched(createJsonPatch(request.object, object));

export interface AdmissionHandlerOptions extends AdmissionSettings {
  readonly type: "mutating" | "validating";
  readonly path: string;
}

/**
 * A webhook that answers raw requests, for what `defaulting` and `validating` do not cover: several kinds, CONNECT,
 * subresources. Without `rules` manifests leave it out.
 */
export function admissionHandler(
  options: AdmissionHandlerOptions,
  handle: (request: AdmissionRequest, environment: AdmissionEnvironment) => AdmissionAnswer | Promise<AdmissionAnswer>,
): AdmissionWebhook {
  const { type, ...settings } = options;
  return {
    type,
    path: checkedPath(options.path),
    rules: options.rules ?? [],
    settings,
    review: async (request, environment) => handle(request, environment),
  };
}

/** `/mutate-example-com-v1-webapp`, as controller-runtime has it; the core group's part is empty: `/mutate--v1-pod`. */
export const mutatePath = (resource: Pick<Resource, "group" | "version" | "kind">): string =>
  `/mutate-${pathEnd(resource)}`;

/** `/validate-example-com-v1-webapp`, as controller-runtime has it. */
export const validatePath = (resource: Pick<Resource, "group" | "version" | "kind">): string =>
  `/validate-${pathEnd(resource)}`;

const pathEnd = ({ group, version, kind }: Pick<Resource, "group" | "version" | "kind">): string =>
  `${group.replaceAll(".", "-")}-${version}-${kind.toLowerCase()}`;

/** @throws Error where a path is none that a webhook configuration can hold */
export function checkedPath(path: string): string {
  if (!/^(\/[\w-]+)+$/.test(path))
    throw new Error(
      `webhook path ${JSON.stringify(path)}: use slashes, letters, digits, "-" and "_", as in /validate-v1`,
    );
  return path;
}

/** The rule for one resource. */
export function ruleFor(resource: Resource, operations: readonly AdmissionOperation[]): RuleWithOperations {
  return {
    apiGroups: [resource.group],
    apiVersions: [resource.version],
    resources: [resource.plural],
    operations,
    scope: resource.scope,
  };
}

/** The context of a rule, and where its warnings gather. */
export function admissionContext(
  operation: AdmissionOperation,
  environment: AdmissionEnvironment,
  request?: AdmissionRequest,
): { readonly context: AdmissionContext; readonly warnings: string[] } {
  const warnings: string[] = [];
  const context: AdmissionContext = {
    ...environment,
    operation,
    request,
    dryRun: request?.dryRun ?? false,
    warn: (message) => void warnings.push(message),
  };
  return { context, warnings };
}

/** An object of a request. @returns undefined where there is none */
export function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
