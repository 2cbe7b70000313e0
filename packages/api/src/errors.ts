/** A Zod schema says something a CustomResourceDefinition cannot. Thrown when a resource is defined. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
  readonly code = "ERR_SCHEMA";
  /** Path of the part at fault: `spec.rules[].host`. */
  readonly path: string;

  constructor(path: string, what: string) {
    super(`${path || "schema"}: ${what}`);
    this.path = path;
  }
}

/** Text in one of the API's small languages (selectors, quantities, durations) that does not follow its grammar. */
export class SyntaxFault extends Error {
  override readonly name = "SyntaxFault";
  readonly code = "ERR_SYNTAX";
  readonly text: string;

  constructor(text: string, message: string) {
    super(message);
    this.text = text;
  }
}
