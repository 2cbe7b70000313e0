import { apiVersionOf, type JsonObject } from "@homeostat/api";
import { struct, structs, text } from "../builtins/json-fields.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { ServedResource } from "../registry/served-resource.ts";
import { declareKindType } from "./cel-kind-type.ts";
import { createExpressions, type Scope } from "./expressions.ts";
import { expressionProblem } from "./match-conditions.ts";
import { parseMatchResources } from "./match-resources.ts";
import { variablesOf } from "./policy.ts";

/** Kinds one policy is checked against. Source: apiserver, policy/validating `maxTypesToCheck`. */
const maxKinds = 10;

/**
 * Which expressions of a policy do not fit the kinds its rules name. Kinds behind a `*` are not looked at. They are
 * warnings: the policy holds all the same. Source: apiserver, policy/validating `TypeChecker`.
 *
 * @returns `status.typeChecking`
 */
export function checkTypes(policy: JsonObject, catalog: Catalog): JsonObject {
  const spec = struct(policy, "spec");
  const texts = new Map<string, string[]>();
  for (const served of kindsOf(spec, catalog)) {
    const { kind } = served.resource;
    const scope = typedScope(spec, served);
    for (const { fieldRef, expression, types } of expressionsOf(spec)) {
      const [problem] = expressionProblem(scope, expression, types, fieldRef);
      if (!problem?.message) continue;
      const why = problem.message.replace(/^[\s\S]*?compilation failed: /, "");
      const known = texts.get(fieldRef) ?? [];
      texts.set(fieldRef, [...known, `${apiVersionOf(served.resource)}, Kind=${kind}: ${why}`]);
    }
  }
  if (texts.size === 0) return {};
  return {
    expressionWarnings: [...texts].map(([fieldRef, warnings]) => ({ fieldRef, warning: warnings.join("\n") })),
  };
}

/** An environment of its own: the types of a kind are many, and their names must not meet those of another. */
function typedScope(spec: JsonObject | undefined, served: ServedResource): Scope {
  const expressions = createExpressions(() => ({ allowed: false }));
  return expressions.scope({
    isPolicy: true,
    hasParams: struct(spec, "paramKind") !== undefined,
    objectType: declareKindType(expressions.cel, served.resource.kind, served.schema.type),
    variables: variablesOf(spec),
    onProblem() {},
  });
}

interface PlacedExpression {
  readonly fieldRef: string;
  readonly expression: string;
  readonly types: readonly string[];
}

function expressionsOf(spec: JsonObject | undefined): PlacedExpression[] {
  return structs(spec, "validations").flatMap((validation, index) => {
    const path = `spec.validations[${index}]`;
    return [
      { fieldRef: `${path}.expression`, expression: text(validation, "expression"), types: ["bool"] },
      { fieldRef: `${path}.messageExpression`, expression: text(validation, "messageExpression"), types: ["string"] },
    ];
  });
}

function kindsOf(spec: JsonObject | undefined, catalog: Catalog): ServedResource[] {
  const kinds = new Set<ServedResource>();
  for (const rule of parseMatchResources(struct(spec, "matchConstraints"), "resourceRules").rules) {
    for (const group of rule.groups) {
      for (const version of rule.versions) {
        for (const resource of rule.resources) {
          const served = resource.includes("/") ? undefined : catalog.find(group, version, resource);
          if (served && kinds.size < maxKinds) kinds.add(served);
        }
      }
    }
  }
  return [...kinds];
}
