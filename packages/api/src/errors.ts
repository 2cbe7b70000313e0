import type { OwnerReference } from "./object.ts";

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

/** An object cannot be given this owner: it is managed by another, or the two are in different places. */
export class OwnerError extends Error {
  override readonly name: string = "OwnerError";
  readonly code: "ERR_OWNER" | "ERR_ALREADY_OWNED" = "ERR_OWNER";
}

/** An object has a managing controller already. Upstream: controllerutil `AlreadyOwnedError`. */
export class AlreadyOwnedError extends OwnerError {
  override readonly name = "AlreadyOwnedError";
  override readonly code = "ERR_ALREADY_OWNED";
  readonly owner: OwnerReference;

  constructor(object: string, owner: OwnerReference) {
    super(
      `${object} is already controlled by ${owner.kind} ${owner.name}: delete it, or remove that owner reference first`,
    );
    this.owner = owner;
  }
}
