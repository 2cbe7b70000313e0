import type { Json } from "@homeostat/api";
import type { ClusterNames } from "../clusters/clusters.ts";
import type { TimeoutsMs } from "../documents/configuration.ts";
import { withTimeouts } from "../documents/configuration.ts";
import type { BindingDefinition, Propagation, Scope as SaidScope, Timeouts } from "../documents/test-document.ts";
import type { Bindings } from "../expressions/bindings.ts";
import type { Evaluator } from "../expressions/evaluator.ts";
import type { Language } from "../expressions/parse.ts";
import { fillIn } from "../resources/template.ts";
import type { SuiteContext } from "./suite-context.ts";

/** What holds at a place in a test. What is said further in hides what is said outside. */
export interface Scope {
  readonly bindings: Bindings;
  readonly language: Language;
  readonly clusters: ClusterNames;
  readonly timeoutsMs: TimeoutsMs;
  readonly template: boolean;
  readonly skipDelete: boolean;
  readonly propagation: Propagation;
}

interface Said extends SaidScope {
  readonly timeouts?: Timeouts;
  readonly template?: boolean;
  readonly skipDelete?: boolean;
  readonly deletionPropagationPolicy?: Propagation;
}

/**
 * The scope of a test, step or operation inside another.
 *
 * @param folder where paths start
 * @throws CommandError, ExpressionError
 */
export async function enter(outer: Scope, said: Said, folder: string, suite: SuiteContext): Promise<Scope> {
  const language = said.compiler ?? outer.language;
  const clusters = outer.clusters.within(said, folder);
  const placed = clusters === outer.clusters ? outer.bindings : await bindCluster(outer.bindings, clusters, suite);
  return {
    bindings: await define(placed, said.bindings, suite.evaluator, language),
    language,
    clusters,
    timeoutsMs: withTimeouts(outer.timeoutsMs, said.timeouts),
    template: said.template ?? outer.template,
    skipDelete: said.skipDelete ?? outer.skipDelete,
    propagation: said.deletionPropagationPolicy ?? outer.propagation,
  };
}

/** Binds `$client` and `$config` to the cluster that is current. */
export async function bindCluster(bindings: Bindings, clusters: ClusterNames, suite: SuiteContext): Promise<Bindings> {
  const cluster = await clusters.current();
  if (!cluster) return bindings;
  const { clientBinding, configBinding } = cluster;
  suite.clientBindings.set(clientBinding, cluster);
  suite.clientBindings.set(configBinding, cluster);
  return bindings.with("client", clientBinding).with("config", configBinding);
}

/** Adds bindings in their order; each sees those before it. */
export async function define(
  outer: Bindings,
  definitions: readonly BindingDefinition[] | undefined,
  evaluator: Evaluator,
  language: Language,
  value: Json = null,
): Promise<Bindings> {
  let bindings = outer;
  for (const definition of definitions ?? []) {
    const [name, bound] = await boundValue(definition, bindings, evaluator, language, value);
    bindings = bindings.with(name, bound);
  }
  return bindings;
}

function boundValue(
  { name, value, compiler }: BindingDefinition,
  bindings: Bindings,
  evaluator: Evaluator,
  language: Language,
  input: Json,
): Promise<[string, Json]> {
  return evaluator.settle(() => [
    evaluator.text(name, bindings, compiler ?? language),
    fillIn(value ?? null, bindings, evaluator, compiler ?? language, input),
  ]);
}
