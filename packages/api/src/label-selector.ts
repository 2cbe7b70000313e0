import { SyntaxFault } from "./errors.ts";
import { lexSelector, type SelectorToken } from "./label-selector-lexer.ts";
import { labelValue, qualifiedName } from "./names.ts";

/** One demand on labels. Source: meta/v1 `LabelSelectorRequirement`. */
export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | (string & {});
  /** At least one for `In` and `NotIn`, none for the others. */
  readonly values?: readonly string[];
}

/** Labels an object must have; all demands must hold. An empty selector selects everything. Source: meta/v1 `LabelSelector`. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

export type LabelOperator = "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";

/** A checked demand. `k=v` is `In` with one value, `k!=v` is `NotIn` with one. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A selector ready to be asked. */
export interface LabelMatcher {
  /** All must hold; none: everything matches. Undefined: nothing matches, as for a selector that is not there. */
  readonly requirements: readonly LabelRequirement[] | undefined;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
}

/**
 * Parses the language of `kubectl -l`: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`. `!=` and `notin` also select what
 * has no such label. Empty text selects everything. Throws `SyntaxFault`. Source: apimachinery, labels `Parse`.
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const tokens = lexSelector(text);
  const requirements: LabelRequirement[] = [];
  if (tokens.peek().type === "end") return matcherOf(requirements);
  for (;;) {
    requirements.push(parseRequirement(tokens));
    const separator = tokens.next();
    if (separator.type === "end") return matcherOf(requirements);
    if (separator.type !== ",") throw tokens.unexpected(separator, "',' or 'end of string'");
    const following = tokens.peek();
    if (following.type !== "word" && following.type !== "!") throw tokens.unexpected(following, "identifier after ','");
  }
}

/**
 * The matcher of a selector object. An absent selector matches nothing, an empty one everything, as in the API.
 * Throws `SyntaxFault` for operators, keys and values the API refuses.
 */
export function labelMatcher(selector: LabelSelector | null | undefined): LabelMatcher {
  if (!selector) return matcherOf(undefined);
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, "In", [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === "In" || operator === "NotIn" || operator === "Exists" || operator === "DoesNotExist") {
      return requirement(key, operator as LabelOperator, values);
    }
    throw new SyntaxFault(
      operator,
      `"${operator}" is not a valid label selector operator: use In, NotIn, Exists or DoesNotExist`,
    );
  });
  return matcherOf([...equal, ...expressions]);
}

/** Whether a selector object selects these labels; to ask often, keep its {@link labelMatcher}. */
export function matchesLabelSelector(
  selector: LabelSelector | null | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  return labelMatcher(selector).matches(labels);
}

/** Text of a selector, as it goes into a request: demands in order of keys, values sorted. */
export function formatLabelSelector(selector: LabelSelector | LabelMatcher): string {
  const { requirements } = "matches" in selector ? selector : labelMatcher(selector);
  if (requirements === undefined)
    throw new SyntaxFault("", "a selector that matches nothing has no text: do not send the request");
  return [...requirements]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(formatRequirement)
    .join(",");
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const [first = ""] = values;
  const list = [...values].sort().join(",");
  switch (operator) {
    case "In":
      return values.length === 1 ? `${key}=${first}` : `${key} in (${list})`;
    case "NotIn":
      return values.length === 1 ? `${key}!=${first}` : `${key} notin (${list})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    case "Gt":
      return `${key}>${first}`;
    case "Lt":
      return `${key}<${first}`;
  }
}

function matcherOf(requirements: readonly LabelRequirement[] | undefined): LabelMatcher {
  return {
    requirements,
    matches: (labels = {}) =>
      requirements?.every((one) => holds(one, Object.hasOwn(labels, one.key) ? labels[one.key] : undefined)) ?? false,
  };
}

function holds({ operator, values }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && integer.test(value) && BigInt(value) > BigInt(values[0]!);
    case "Lt":
      return value !== undefined && integer.test(value) && BigInt(value) < BigInt(values[0]!);
  }
}

const integer = /^-?\d+$/;

function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  refuse(key, qualifiedName(key), `label key ${JSON.stringify(key)}`);
  if ((operator === "In" || operator === "NotIn") && values.length === 0) {
    throw new SyntaxFault(
      key,
      `label key ${JSON.stringify(key)}: for 'in', 'notin' operators, values set can't be empty`,
    );
  }
  if ((operator === "Exists" || operator === "DoesNotExist") && values.length > 0) {
    throw new SyntaxFault(
      key,
      `label key ${JSON.stringify(key)}: values set must be empty for exists and does not exist`,
    );
  }
  for (const value of values) {
    if ((operator === "Gt" || operator === "Lt") && !integer.test(value)) {
      throw new SyntaxFault(
        value,
        `label key ${JSON.stringify(key)}: for 'Gt', 'Lt' operators, the value must be an integer, not ${JSON.stringify(value)}`,
      );
    }
    refuse(value, labelValue(value), `label value ${JSON.stringify(value)} of key ${JSON.stringify(key)}`);
  }
  return { key, operator, values: [...new Set(values)] };
}

function refuse(text: string, findings: readonly string[], what: string): void {
  if (findings.length > 0) throw new SyntaxFault(text, `${what}: ${findings.join("; ")}`);
}

type Tokens = ReturnType<typeof lexSelector>;

function parseRequirement(tokens: Tokens): LabelRequirement {
  const first = tokens.next();
  if (first.type === "!") return requirement(word(tokens, tokens.next()), "DoesNotExist", []);
  if (first.type !== "word") throw tokens.unexpected(first, "!, identifier, or 'end of string'");
  const after = tokens.peek();
  if (after.type === "," || after.type === "end") return requirement(first.text, "Exists", []);
  const operator = tokens.next();
  switch (operator.type === "word" ? operator.text : operator.type) {
    case "=":
    case "==":
      return requirement(first.text, "In", [exactValue(tokens)]);
    case "!=":
      return requirement(first.text, "NotIn", [exactValue(tokens)]);
    case "in":
      return requirement(first.text, "In", values(tokens));
    case "notin":
      return requirement(first.text, "NotIn", values(tokens));
    case ">":
      return requirement(first.text, "Gt", [exactValue(tokens)]);
    case "<":
      return requirement(first.text, "Lt", [exactValue(tokens)]);
    default:
      throw tokens.unexpected(operator, "in, notin, =, ==, !=, gt, lt");
  }
}

function word(tokens: Tokens, token: SelectorToken): string {
  if (token.type !== "word") throw tokens.unexpected(token, "identifier");
  return token.text;
}

/** A value may be left out: `a=` demands an empty one. */
function exactValue(tokens: Tokens): string {
  const { type } = tokens.peek();
  return type === "," || type === "end" ? "" : word(tokens, tokens.next());
}

/** `(a,b)`; places left empty, as in `(a,)` or `()`, stand for the empty value. */
function values(tokens: Tokens): string[] {
  const open = tokens.next();
  if (open.type !== "(") throw tokens.unexpected(open, "'('");
  const found: string[] = [];
  for (;;) {
    const { type } = tokens.peek();
    found.push(type === "," || type === ")" ? "" : word(tokens, tokens.next()));
    const separator = tokens.next();
    if (separator.type === ")") return found;
    if (separator.type !== ",") throw tokens.unexpected(separator, "',' or ')'");
  }
}
