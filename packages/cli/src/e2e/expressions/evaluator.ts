import type { Json } from "@homeostat/api";
import type { Bindings } from "./bindings.ts";
import type { CelEvaluate } from "./cel.ts";
import { registerFunctions } from "./functions/register.ts";
import { createInterpreter, type Interpreter } from "./interpreter.ts";
import { type Language, parseString } from "./parse.ts";

/** What functions of expressions may ask of the world. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(count: number): Uint8Array;
  /** Addresses of a host. Rejects where it has none. */
  lookUp(host: string): Promise<readonly string[]>;
  /**
   * Questions to a cluster.
   *
   * @param client the value of `$client` or `$config`
   */
  ask(client: Json, question: Question): Promise<Json>;
}

export type Question =
  | {
      readonly type: "get" | "exists";
      readonly apiVersion: string;
      readonly kind: string;
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly type: "list"; readonly apiVersion: string; readonly kind: string; readonly namespace: string }
  | { readonly type: "resource-exists"; readonly apiVersion: string; readonly kind: string }
  | { readonly type: "server-version" };

/** An expression has no value: it does not follow the grammar, or a function does not take what it is given. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly code = "ERR_EXPRESSION";
}

/** Thrown through the interpreter by a function that must ask; see {@link Evaluator.settle}. */
class Unanswered {
  readonly key: string;
  readonly answer: Promise<Json>;
  constructor(key: string, answer: Promise<Json>) {
    this.key = key;
    this.answer = answer;
  }
}

type Answer = { readonly value: Json } | { readonly error: unknown };

/**
 * Evaluates expressions. The languages know no waiting, yet some functions ask a cluster: so an evaluation that comes
 * upon a question it has no answer to is given up, the question is asked, and the evaluation begins anew with the
 * answer. Expressions change nothing, so they may be begun as often as that takes.
 */
export class Evaluator {
  readonly #interpreter: Interpreter;
  #cel: CelEvaluate | undefined;
  readonly #world: World;
  #answers: Map<string, Answer> | undefined;

  private constructor(interpreter: Interpreter, world: World) {
    this.#interpreter = interpreter;
    this.#world = world;
  }

  static async create(world: World): Promise<Evaluator> {
    const interpreter = await createInterpreter();
    const evaluator = new Evaluator(interpreter, world);
    registerFunctions(
      interpreter,
      world,
      (client, question) => evaluator.#ask(client, question),
      (host) => evaluator.#answer(`addresses of ${host}`, async () => [...(await world.lookUp(host))]) as string[],
    );
    return evaluator;
  }

  /** Runs `work`, which evaluates, until all its questions are answered. */
  async settle<T>(work: () => T): Promise<T> {
    const answers = new Map<string, Answer>();
    for (;;) {
      this.#answers = answers;
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        answers.set(
          error.key,
          await error.answer.then(
            (value) => ({ value }),
            (cause: unknown) => ({ error: cause }),
          ),
        );
      } finally {
        this.#answers = undefined;
      }
    }
  }

  /**
   * The value of an expression. Call it inside {@link settle}.
   *
   * @throws ExpressionError
   */
  evaluate(text: string, value: Json, bindings: Bindings, language: Language = "jp"): Json {
    try {
      if (language === "cel") return this.#evaluateCel(text, value, bindings);
      return this.#interpreter.evaluate(text, value, bindings);
    } catch (error) {
      if (error instanceof Unanswered) throw error;
      throw new ExpressionError(`(${text}): ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  /** A string of a test that may be an expression, as text. Call it inside {@link settle}. @throws ExpressionError */
  text(source: string, bindings: Bindings, language: Language = "jp"): string {
    const parsed = parseString(source);
    if (parsed.language === undefined) return parsed.text;
    const value = this.evaluate(
      parsed.text,
      null,
      bindings,
      parsed.language === "default" ? language : parsed.language,
    );
    if (typeof value !== "string") {
      throw new ExpressionError(`${source}: expected a string, found ${JSON.stringify(value)}`);
    }
    return value;
  }

  /** The second language is loaded by the first who speaks it. */
  #evaluateCel(text: string, value: Json, bindings: Bindings): Json {
    if (this.#cel) return this.#cel(text, value, bindings);
    const loading = import("./cel.ts").then(({ evaluateCel }) => {
      this.#cel = evaluateCel;
      return null;
    });
    throw new Unanswered("the language CEL", loading);
  }

  #ask(client: Json, question: Question): Json {
    return this.#answer(JSON.stringify([client, question]), () => this.#world.ask(client, question));
  }

  #answer(key: string, ask: () => Promise<Json>): Json {
    const known = this.#answers?.get(key);
    if (known === undefined) throw new Unanswered(key, ask());
    if ("error" in known) throw known.error;
    return known.value;
  }
}
