import type { Json, JsonObject } from "@homeostat/api";
import type { Environment } from "@marcbachmann/cel-js";
import type { Authorizer } from "../auth/authorizer.ts";
import { type CelEnvironment, createCelEnvironment } from "../custom-resources/cel/environment.ts";
import { CostExceeded } from "../custom-resources/cel/meter.ts";
import { CompileError, compileProgram, type Program, RuleError } from "../custom-resources/cel/program.ts";
import { type CelType, dynamicValue, objectType } from "../custom-resources/cel/values.ts";
import { admissionRequest, namespaceOf, optionsOf, type SeenRequest } from "./admission-review.ts";
import { CelAuthorizer, createQuestions, type Questions, registerAuthorizer } from "./cel-authorizer.ts";

/** Steps one expression may take. Source: apiserver, apis/cel `PerCallLimit`. */
const stepsPerExpression = 1_000_000;

/** A named expression of a policy, `variables.name`. */
export interface VariableSource {
  readonly name: string;
  readonly expression: string;
}

/** What expressions are compiled in: the variables that can be seen. */
export interface Scope {
  /** @throws CompileError, also for a type that is not among `types`; none: any will do */
  compile(expression: string, types: readonly string[]): Program;
  /** Adds the values of `variables`. */
  bind(activation: Activation): Activation;
}

export interface ScopeOptions {
  /** Whether `namespaceObject` is there: in policies, not in webhooks. */
  readonly isPolicy: boolean;
  /** Whether `params` is there: in policies that name their kind. Default false. */
  readonly hasParams?: boolean;
  /** What `object` and `oldObject` are declared as, for checking types. Default: anything. */
  readonly objectType?: string;
  readonly variables?: readonly VariableSource[];
  /** Told of variables that do not compile, by their place; such a variable is of any type. */
  onProblem?(index: number, error: CompileError): void;
}

/** What expressions of one request see. Values are made when they are first asked for. */
export interface Activation {
  readonly variables: Record<string, unknown>;
  readonly questions: Questions;
}

/** Steps that several expressions may take together. */
export interface Budget {
  left: number;
}

/** Why an expression has no value, in upstream's words. */
export class ExpressionFailure extends Error {
  override readonly name = "ExpressionFailure";
}

/** The CEL of admission. One per server: compiling an environment is what costs. */
export interface Expressions {
  readonly cel: CelEnvironment;
  scope(options: ScopeOptions): Scope;
  activate(seen: SeenRequest, more?: { readonly params?: Json; readonly namespaceObject?: Json }): Activation;
  /** @throws ExpressionFailure */
  evaluate(program: Program, expression: string, activation: Activation, budget: Budget): Promise<unknown>;
}

export function createExpressions(authorize: Authorizer): Expressions {
  const cel = createCelEnvironment();
  registerAuthorizer(cel);
  registerJsonPatch(cel);
  const request = requestType(cel);

  const evaluateOnce = (program: Program, variables: Record<string, unknown>, budget: Budget): unknown => {
    cel.meter.reset(Math.min(stepsPerExpression, budget.left));
    try {
      return program.run(variables);
    } finally {
      budget.left -= Math.ceil(cel.meter.used);
    }
  };

  return {
    cel,
    scope: (options) => createScope(cel, options),
    activate(seen, { params = null, namespaceObject = null } = {}) {
      const { attributes, seenAs, name } = seen;
      const questions = createQuestions(authorize);
      const { subresource, user } = attributes;
      const { group, plural } = seenAs.resource;
      const namespace = namespaceOf(seen);
      const variables = lazily({
        object: () => dynamicValue(seen.object ?? null),
        oldObject: () => dynamicValue(seen.old ?? null),
        request: () =>
          request.toValue({
            ...admissionRequest("", seen),
            options: optionsOf(attributes),
          }),
        params: () => dynamicValue(params),
        namespaceObject: () => dynamicValue(namespaceObject),
        authorizer: () =>
          new CelAuthorizer(user, questions, {
            group,
            resource: plural,
            subresource,
            namespace,
            name: name || undefined,
          }),
      });
      return { variables, questions };
    },
    async evaluate(program, expression, { variables, questions }, budget) {
      const before = budget.left;
      for (;;) {
        try {
          return evaluateOnce(program, variables, budget);
        } catch (error) {
          if (error instanceof CostExceeded) {
            throw new ExpressionFailure(
              "validation failed due to running out of cost budget, no further validation rules will be run",
            );
          }
          if (!(error instanceof RuleError)) throw error;
          if (!(await questions.settle())) {
            throw new ExpressionFailure(`expression '${expression}' resulted in error: ${error.message}`);
          }
          // The run that counts is the one that got to its end.
          budget.left = before;
        }
      }
    },
  };
}

class JsonPatchNamespace {}

/** `jsonpatch.escapeKey('a/b')`, for paths of patches. Source: apiserver, cel/library/jsonpatch. */
function registerJsonPatch({ env }: CelEnvironment): void {
  env.registerType("JsonPatchNamespace", JsonPatchNamespace);
  env.registerConstant("jsonpatch", "JsonPatchNamespace", new JsonPatchNamespace());
  env.registerFunction("JsonPatchNamespace.escapeKey(string): string", (_: unknown, key: string) =>
    key.replaceAll("~", "~0").replaceAll("/", "~1"),
  );
}

function lazily(makers: Record<string, () => unknown>): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(variables, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = make();
        Object.defineProperty(variables, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return variables;
}

const text: CelType = { name: "string", toValue: (json) => json };
const anything: CelType = { name: "dyn", toValue: (json) => dynamicValue(json) };

/** The type of `request`: what it does not have is an error when it is written. */
function requestType({ env, equals }: CelEnvironment): CelType {
  const object = (name: string, fields: Readonly<Record<string, CelType>>): CelType =>
    objectType(env, name, new Map(Object.entries(fields).map(([key, type]) => [key, { name: key, type }])), equals);
  const kind = object("GroupVersionKind", { group: text, version: text, kind: text });
  const resource = object("GroupVersionResource", { group: text, version: text, resource: text });
  const texts: CelType = { name: "list<string>", toValue: (json) => json };
  const extra: CelType = {
    name: "map<string, list<string>>",
    toValue: (json) => new Map(Object.entries(json as JsonObject)),
  };
  const userInfo = object("UserInfo", { username: text, uid: text, groups: texts, extra });
  return object("AdmissionRequest", {
    uid: text,
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo,
    dryRun: { name: "bool", toValue: (json) => json },
    options: anything,
  });
}

function createScope(cel: CelEnvironment, { isPolicy, objectType: type = "dyn", ...options }: ScopeOptions): Scope {
  const base = cel.env.clone();
  base
    .registerVariable("object", type)
    .registerVariable("oldObject", type)
    .registerVariable("request", "AdmissionRequest")
    .registerVariable("authorizer", "Authorizer");
  if (isPolicy) base.registerVariable("namespaceObject", "dyn");
  if (options.hasParams) base.registerVariable("params", "dyn");
  if (!options.variables) return { compile: compileIn(base, cel), bind: (activation) => activation };
  const { env, programs } = withVariables(base, cel, options.variables, options.onProblem);
  return {
    compile: compileIn(env, cel),
    bind: (activation) => ({ ...activation, variables: bindVariables(activation.variables, programs) }),
  };
}

function compileIn(env: Environment, cel: CelEnvironment): Scope["compile"] {
  return (expression, types) => {
    const program = compileProgram(env, expression, cel);
    if (types.length === 0 || program.type === "dyn" || types.includes(program.type)) return program;
    throw new CompileError(`must evaluate to ${types.join(" or ")}`);
  };
}

/** The class of `variables`; its fields are declared anew for each policy. */
class VariableValues {}

/**
 * Adds `variables`. Each may speak of those before it, is evaluated when it is first asked for, and once a request.
 * Source: apiserver, cel `CompositionEnv`.
 */
function withVariables(
  base: Environment,
  cel: CelEnvironment,
  sources: readonly VariableSource[],
  onProblem: ScopeOptions["onProblem"],
): { readonly env: Environment; readonly programs: ReadonlyMap<string, Program> } {
  const programs = new Map<string, Program>();
  const fields: Record<string, string> = {};
  const declare = (): Environment =>
    base
      .clone()
      .registerType("Variables", { ctor: VariableValues, fields: { ...fields } })
      .registerVariable("variables", "Variables");
  for (const [index, { name, expression }] of sources.entries()) {
    try {
      const program = compileProgram(declare(), expression, cel);
      programs.set(name, program);
      fields[name] = program.type;
    } catch (error) {
      if (!(error instanceof CompileError) || !onProblem) throw error;
      onProblem(index, error);
      fields[name] = "dyn";
    }
  }
  return { env: declare(), programs };
}

function bindVariables(
  known: Record<string, unknown>,
  programs: ReadonlyMap<string, Program>,
): Record<string, unknown> {
  const values = new VariableValues();
  const bound: Record<string, unknown> = Object.create(
    Object.prototype,
    Object.getOwnPropertyDescriptors(known),
  ) as Record<string, unknown>;
  bound["variables"] = values;
  for (const [name, program] of programs) {
    Object.defineProperty(values, name, {
      configurable: true,
      get() {
        const value = variableValue(name, program, bound);
        Object.defineProperty(values, name, { value });
        return value;
      },
    });
  }
  return bound;
}

function variableValue(name: string, program: Program, variables: Record<string, unknown>): unknown {
  try {
    return program.run(variables);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RuleError(`composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}`);
  }
}
