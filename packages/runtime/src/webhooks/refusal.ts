import { type AdmissionRequest, ApiError, apiVersionOf, badRequest, type Resource } from "@homeostat/api";
import { type AdmissionAnswer, denied } from "./admission.ts";

/**
 * What a rule's throw means to the user: an API error goes out as it is, another error refuses with its text (403).
 * @throws the error itself where it shows a mistake in the rule rather than in the object
 */
export function refusal(error: unknown): AdmissionAnswer {
  if (error instanceof ApiError) return { allowed: false, status: error.status };
  if (!(error instanceof Error) || isMistake(error)) throw error;
  return denied(error.message);
}

/**
 * Errors the language itself throws for a slip of the pen. Node's own, such as that of `new URL("x")`, are of these
 * classes too but carry a code: they speak of the input.
 */
export function isMistake(error: Error): boolean {
  const slip = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return slip && !("code" in error);
}

/** A webhook that is registered for another kind would judge objects it does not know. @throws ApiError BadRequest */
export function checkKind(resource: Resource, { kind }: AdmissionRequest): void {
  if (kind === undefined) return;
  const { group = "", version = "", kind: name } = kind;
  if (group === resource.group && version === resource.version && name === resource.kind) return;
  throw badRequest(
    `this webhook is for ${resource.kind} of ${apiVersionOf(resource)} and was asked about ${name} of ${apiVersionOf({ group, version })}: correct the rules of its configuration`,
  );
}
