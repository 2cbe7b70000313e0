/**
 * A value that does not fit its type, or managed fields that cannot be read. The API answers with a plain error (500)
 * for an apply; other writes go on without managed fields.
 */
export class TypedError extends Error {
  override readonly name = "TypedError";
  readonly code = "TypedError";
}
