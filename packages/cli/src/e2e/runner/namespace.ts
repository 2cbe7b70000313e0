import { isAlreadyExists, type JsonObject } from "@homeostat/api";
import type { Cluster } from "../clusters/cluster.ts";
import type { Bindings } from "../expressions/bindings.ts";
import type { Evaluator } from "../expressions/evaluator.ts";
import type { Language } from "../expressions/parse.ts";
import { fillIn } from "../resources/template.ts";

const adjectives =
  "able bold brave bright calm clear cool deep eager fair fast fine fond free fresh glad good grand keen kind light live loyal main meet mint neat nice noble open prime proud pure quick ready sharp smart solid sound sure swift tidy true vast vivid warm wise witty".split(
    " ",
  );
const nouns =
  "ant bass bat bear bee bird boar buck bull calf cat clam cod colt cow crab crane crow deer dodo dog dove duck eagle eel elk ewe fawn finch fish fly fox frog gnat goat goose gull hare hawk hen heron hog ibex jay kid kit koala lamb lark lion lynx mole moose moth mouse mule newt owl ox panda pig pony pug puma quail ram rat raven ray robin seal shad shark sheep shrew skink sloth snail snake squid stag stork swan tapir tern tick toad trout vole wasp wolf worm wren yak".split(
    " ",
  );

/** `chainsaw-brave-otter`: short enough for names to be made of it. */
export function randomNamespace(randomBytes: (count: number) => Uint8Array): string {
  const [a, b, c, d] = randomBytes(4);
  const pick = (words: readonly string[], number: number): string => words[number % words.length]!;
  return `chainsaw-${pick(adjectives, a! * 256 + b!)}-${pick(nouns, c! * 256 + d!)}`;
}

export interface NamespaceOptions {
  readonly name: string;
  /** Labels, annotations and all else that it is to have. */
  readonly template: JsonObject | undefined;
  readonly language: Language;
  readonly bindings: Bindings;
  readonly evaluator: Evaluator;
  readonly signal: AbortSignal;
}

/** Makes a namespace unless it is there. @returns what was made; undefined where it was there */
export async function ensureNamespace(cluster: Cluster, options: NamespaceOptions): Promise<JsonObject | undefined> {
  const { name, template = {}, language, evaluator, signal } = options;
  if (await cluster.find({ apiVersion: "v1", kind: "Namespace", name }, signal)) return undefined;
  const bindings = options.bindings.with("namespace", name);
  const said = await evaluator.settle(() => fillIn(template, bindings, evaluator, language));
  const metadata = { ...(said["metadata"] as JsonObject | undefined), name };
  try {
    const object = { ...said, apiVersion: "v1", kind: "Namespace", metadata };
    return (await cluster.create(object, { signal })) as unknown as JsonObject;
  } catch (error) {
    // Another test has been faster; the namespace is that one's.
    if (isAlreadyExists(error)) return undefined;
    throw error;
  }
}
