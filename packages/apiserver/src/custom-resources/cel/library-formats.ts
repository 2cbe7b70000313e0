import type { NameRule } from "@homeostat/api";
import { dns1035Label, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from "@homeostat/api";
import { Optional } from "@marcbachmann/cel-js";
import { formatCheck } from "../formats.ts";
import type { Library } from "./library.ts";

/** Named formats: `format.dns1123Label().validate(text)`. Source: kube-apiserver, cel/library/format. */
export function registerFormatLibrary({ env, meter }: Library): void {
  env.registerType("kubernetes.NamedFormat", NamedFormat);
  env.registerType("FormatNamespace", FormatNamespace);
  env.registerConstant("format", "FormatNamespace", new FormatNamespace());
  for (const [name, rule] of formats) {
    const format = new NamedFormat(rule);
    env.registerFunction(`FormatNamespace.${name}(): kubernetes.NamedFormat`, () => format);
  }
  env.registerFunction(
    "FormatNamespace.named(string): optional<kubernetes.NamedFormat>",
    (_: unknown, name: string) => {
      const rule = formats.get(name);
      return rule ? Optional.of(new NamedFormat(rule)) : Optional.none();
    },
  );
  env.registerFunction(
    "kubernetes.NamedFormat.validate(string): optional<list<string>>",
    (format: NamedFormat, text: string) => {
      meter.charge(text.length / 10);
      const problems = format.rule(text);
      return problems.length === 0 ? Optional.none() : Optional.of([...problems]);
    },
  );
}

class FormatNamespace {}

class NamedFormat {
  readonly rule: NameRule;

  constructor(rule: NameRule) {
    this.rule = rule;
  }
}

/** Names that may end in a dash, because something is appended to them. */
const prefixOf =
  (rule: NameRule): NameRule =>
  (text) =>
    rule(text.endsWith("-") ? `${text.slice(0, -1)}a` : text);

const ofFormat = (format: string, problem: string): NameRule => {
  const check = formatCheck(format)!;
  return (text) => (check(text) ? [] : [problem]);
};

const formats: ReadonlyMap<string, NameRule> = new Map<string, NameRule>([
  ["dns1123Label", dns1123Label],
  ["dns1123Subdomain", dns1123Subdomain],
  ["dns1035Label", dns1035Label],
  ["qualifiedName", qualifiedName],
  ["dns1123LabelPrefix", prefixOf(dns1123Label)],
  ["dns1123SubdomainPrefix", prefixOf(dns1123Subdomain)],
  ["dns1035LabelPrefix", prefixOf(dns1035Label)],
  ["labelValue", labelValue],
  ["uri", ofFormat("uri", "invalid URI for request")],
  ["uuid", ofFormat("uuid", "does not match the UUID format")],
  ["byte", ofFormat("byte", "invalid base64")],
  ["date", ofFormat("date", "invalid date")],
  ["datetime", ofFormat("datetime", "invalid datetime")],
]);
