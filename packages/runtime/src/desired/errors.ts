import { TerminalError } from "../controller/reconciler.ts";

/** The error of an apply that another field manager's claim has stopped. */
export class FieldConflictError extends Error {
  override readonly name = "FieldConflictError";
  readonly code = "FIELD_CONFLICT";
  /** Becomes the reason of the condition. */
  readonly reason = "FieldConflict";
}

/** The error of a child whose name is taken by an object that is not ours to change. */
export class AdoptionError extends Error {
  override readonly name = "AdoptionError";
  readonly code = "ADOPTION_REFUSED";
  /** Becomes the reason of the condition: `AlreadyOwned` where there is another owner, else `Conflict`. */
  readonly reason: "AlreadyOwned" | "Conflict";

  constructor(reason: "AlreadyOwned" | "Conflict", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The error of a change that the server refuses for ever. Not tried again until something changes. */
export class ImmutableFieldError extends Error {
  override readonly name = "ImmutableFieldError";
  readonly code = "IMMUTABLE_FIELD";
  /** Becomes the reason of the condition. */
  readonly reason = "ImmutableField";

  constructor(message: string, cause: unknown) {
    super(message, { cause: new TerminalError(message, { cause }) });
  }
}
