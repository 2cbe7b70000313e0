import { apiVersionOf, type GroupVersionKind, type Json, type JsonObject } from "@homeostat/api";
import type { ServedResource } from "../registry/served-resource.ts";
import type { AdmissionAttributes } from "./admission.ts";

/** A request as one webhook or policy sees it: at the version it asked for, in the subresource's own kind. */
export interface SeenRequest {
  readonly attributes: AdmissionAttributes;
  readonly seenAs: ServedResource;
  readonly object: JsonObject | undefined;
  readonly old: JsonObject | undefined;
  /** As far as it is known yet. */
  readonly name: string;
}

/** @param isMutating before the server itself has given the object its name and uid */
export async function seeRequest(
  attributes: AdmissionAttributes,
  seenAs: ServedResource,
  isMutating: boolean,
): Promise<SeenRequest> {
  const { object, old, served, admittedAs, operation, nameGenerated } = attributes;
  const view = admittedAs === "already" ? undefined : admittedAs;
  const see = async (state: JsonObject | undefined): Promise<JsonObject | undefined> => {
    if (!state) return undefined;
    if (view) return view.show(structuredClone(state));
    const copy = structuredClone(state);
    return seenAs === served ? copy : seenAs.convert(copy);
  };
  const seen = await see(object);
  const isUnnamed = isMutating && nameGenerated === true;
  if (seen && isMutating && operation === "CREATE" && attributes.subresource === undefined) {
    const meta = seen["metadata"] as JsonObject;
    delete meta["uid"];
    delete meta["creationTimestamp"];
    if (isUnnamed) delete meta["name"];
  }
  return { attributes, seenAs, object: seen, old: await see(old), name: isUnnamed ? "" : attributes.name };
}

/** Kind of what is admitted. */
export function kindSeen({ attributes }: SeenRequest, seenAs: ServedResource): GroupVersionKind {
  const { subresource, served } = attributes;
  const own = subresource === undefined ? undefined : served.subresources.get(subresource)?.kind;
  if (own && own.kind !== served.resource.kind) return own;
  const { group, version, kind } = seenAs.resource;
  return { group, version, kind };
}

/** The `request` of a review, without the objects. Source: admission.k8s.io/v1 `AdmissionRequest`. */
export function admissionRequest(uid: string, seen: SeenRequest): JsonObject {
  const { attributes, seenAs } = seen;
  const { served, subresource, operation, user, dryRun } = attributes;
  const namespace = namespaceOf(seen);
  return {
    uid,
    kind: { ...kindSeen(seen, seenAs) },
    resource: resourceOf(seenAs),
    ...(subresource ? { subResource: subresource } : {}),
    requestKind: { ...kindSeen(seen, served) },
    requestResource: resourceOf(served),
    ...(subresource ? { requestSubResource: subresource } : {}),
    ...(seen.name ? { name: seen.name } : {}),
    ...(namespace ? { namespace } : {}),
    operation,
    userInfo: {
      username: user.username,
      ...(user.uid ? { uid: user.uid } : {}),
      groups: [...user.groups],
      ...(user.extra ? { extra: Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]])) } : {}),
    },
    dryRun,
  };
}

/** A namespace is in itself, once it is there. */
export function namespaceOf({ attributes, name }: SeenRequest): string | undefined {
  const { served, operation, namespace } = attributes;
  const isNamespace = served.resource.group === "" && served.resource.plural === "namespaces";
  return isNamespace ? (operation === "CREATE" ? undefined : name) : namespace;
}

function resourceOf({ resource }: ServedResource): JsonObject {
  return { group: resource.group, version: resource.version, resource: resource.plural };
}

export type ReviewVersion = "v1" | "v1beta1";

export function admissionReview(version: ReviewVersion, uid: string, seen: SeenRequest): JsonObject {
  return {
    kind: "AdmissionReview",
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      ...admissionRequest(uid, seen),
      object: seen.object ?? null,
      oldObject: seen.old ?? null,
      options: optionsOf(seen.attributes),
    },
  };
}

/** Options of what the request comes to: those of a patch that creates are CreateOptions. */
export function optionsOf({ operation, options }: AdmissionAttributes): JsonObject | null {
  if (operation === "CONNECT") return null;
  const word = operation.charAt(0) + operation.slice(1).toLowerCase();
  return { kind: `${word}Options`, apiVersion: "meta.k8s.io/v1", ...options?.() };
}

/** What a webhook said, checked. */
export interface AdmissionAnswer {
  readonly allowed: boolean;
  readonly status: JsonObject | undefined;
  /** Operations of a JSON patch; none: nothing is to be changed. */
  readonly patch: Json[];
  readonly warnings: readonly string[];
  readonly annotations: JsonObject;
}

/** Source: apiserver, webhook/request `VerifyAdmissionResponse`. @throws Error in its words */
export function checkAnswer(
  review: JsonObject,
  wanted: { readonly version: ReviewVersion; readonly uid: string; readonly isMutating: boolean },
): AdmissionAnswer {
  const response = objectOf(review["response"]);
  if (!response) throw new Error("webhook response was absent");
  const isStrict = wanted.version === "v1";
  if (isStrict && response["uid"] !== wanted.uid) {
    throw new Error(
      `expected response.uid=${JSON.stringify(wanted.uid)}, got ${JSON.stringify(response["uid"] ?? "")}`,
    );
  }
  const apiVersion = `admission.k8s.io/${wanted.version}`;
  if (isStrict && (review["apiVersion"] !== apiVersion || review["kind"] !== "AdmissionReview")) {
    const [version = "", group = ""] = String(review["apiVersion"] ?? "")
      .split("/")
      .reverse();
    throw new Error(
      `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${group}/${version}, Kind=${String(review["kind"] ?? "")}`,
    );
  }
  return {
    allowed: response["allowed"] === true,
    status: objectOf(response["status"] ?? response["result"]),
    patch: patchOf(response, wanted.isMutating, isStrict),
    warnings: Array.isArray(response["warnings"]) ? response["warnings"].map(String) : [],
    annotations: objectOf(response["auditAnnotations"]) ?? {},
  };
}

function patchOf(response: JsonObject, isMutating: boolean, isStrict: boolean): Json[] {
  const { patch, patchType } = response;
  const hasPatch = typeof patch === "string" && patch !== "";
  if (!isMutating) {
    if (isStrict && hasPatch) throw new Error("validating webhook may not return response.patch");
    if (isStrict && patchType) throw new Error("validating webhook may not return response.patchType");
    return [];
  }
  if (hasPatch && isStrict && !patchType) throw new Error("webhook returned response.patch but not response.patchType");
  if (!hasPatch && isStrict && patchType) throw new Error("webhook returned response.patchType but not response.patch");
  if (patchType && patchType !== "JSONPatch") {
    throw new Error(`invalid webhook response.patchType of ${JSON.stringify(patchType)}`);
  }
  if (!hasPatch) return [];
  let parsed: Json;
  try {
    parsed = JSON.parse(Buffer.from(patch, "base64").toString()) as Json;
  } catch (error) {
    throw new Error(`response.patch is no JSON: ${(error as Error).message}`);
  }
  if (parsed === null) return [];
  if (!Array.isArray(parsed)) throw new Error("response.patch is no list of operations");
  return parsed;
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** `apps/v1, Kind=Deployment`, for messages. */
export function kindText(kind: GroupVersionKind): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
