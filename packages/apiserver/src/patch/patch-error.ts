/** Stable kinds of failure; the endpoint turns each into an answer of the API. */
export type PatchErrorKind =
  /** The patch is no document of its type: 400 BadRequest. */
  | "malformed"
  /** A good patch that does not fit the object: 422 Invalid. */
  | "inapplicable"
  /** More work than one request may ask for: 413 RequestEntityTooLarge. */
  | "too-large"
  /** What upstream answers with a plain error (a list item without its merge key …): 500. */
  | "internal";

/** Why a patch was refused. The endpoint adds the resource and the name of the object. */
export class PatchError extends Error {
  override readonly name = "PatchError";
  readonly kind: PatchErrorKind;

  constructor(kind: PatchErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
