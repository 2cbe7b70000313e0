import type { Clock, Json, JsonObject } from "@homeostat/api";
import type { Cluster } from "../clusters/cluster.ts";
import type { Propagation } from "../documents/test-document.ts";
import type { Bindings } from "../expressions/bindings.ts";
import type { Evaluator } from "../expressions/evaluator.ts";
import type { Language } from "../expressions/parse.ts";

/** What one operation has around it. */
export interface OperationContext {
  readonly clock: Clock;
  readonly evaluator: Evaluator;
  readonly bindings: Bindings;
  readonly language: Language;
  /** Whether expressions in resources are filled in. */
  readonly template: boolean;
  /** Absolute; where its files are. */
  readonly folder: string;
  /** The test's namespace; undefined where there is no cluster. */
  readonly namespace: string | undefined;
  /** @throws CommandError where there is none */
  cluster(): Promise<Cluster>;
  /** A kubeconfig for programs; undefined where there is no cluster. */
  kubeconfig(): Promise<string | undefined>;
  readonly timeoutMs: number;
  readonly propagation: Propagation;
  /** Put into all pods that the operation makes, in seconds; undefined: what they say themselves. */
  readonly gracePeriodSeconds: number | undefined;
  /** Ends the operation when the whole run is stopped. */
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of objects that the operation has created, to be deleted in the end. */
  created(cluster: Cluster, object: JsonObject): void;
  /** Told what programs print. */
  print(text: string): void;
}

/** What an operation leaves behind. */
export interface OperationResult {
  /** What outputs are taken from: objects that were written, or null. */
  readonly values: readonly Json[];
  /** With what the operation has bound: `$stdout`, `$error` … */
  readonly bindings: Bindings;
}

/** An operation did not succeed; each line says one thing that is wrong. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  readonly code = "ERR_OPERATION";
  readonly lines: readonly string[];

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.lines = lines;
  }
}

/** What is wrong, a line each. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof OperationError) return error.lines;
  return [error instanceof Error ? error.message : String(error)];
}
