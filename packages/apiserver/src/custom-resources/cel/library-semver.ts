import { EvaluationError } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";

/** Semantic versions 2.0.0. Source: kube-apiserver, cel/library/semver. */
export function registerSemverLibrary({ env, meter }: Library): void {
  const type = "kubernetes.Semver";
  env.registerType(type, SemverValue);
  const read = (text: string, isLoose: boolean): SemverValue | undefined => {
    meter.charge(text.length / 10);
    return parseSemver(isLoose ? normalize(text) : text);
  };
  const mustRead = (text: string, isLoose: boolean): SemverValue => {
    const version = read(text, isLoose);
    if (!version) throw new EvaluationError(`${JSON.stringify(text)} is not a semantic version such as 1.2.3`);
    return version;
  };
  env.registerFunction("isSemver(string): bool", (text: string) => read(text, false) !== undefined);
  env.registerFunction(
    "isSemver(string, bool): bool",
    (text: string, isLoose: boolean) => read(text, isLoose) !== undefined,
  );
  env.registerFunction(`semver(string): ${type}`, (text: string) => mustRead(text, false));
  env.registerFunction(`semver(string, bool): ${type}`, mustRead);
  env.registerFunction(`${type}.major(): int`, (version: SemverValue) => version.numbers[0]);
  env.registerFunction(`${type}.minor(): int`, (version: SemverValue) => version.numbers[1]);
  env.registerFunction(`${type}.patch(): int`, (version: SemverValue) => version.numbers[2]);
  env.registerFunction(`${type}.isLessThan(${type}): bool`, (a: SemverValue, b: SemverValue) => a.compareTo(b) < 0);
  env.registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: SemverValue, b: SemverValue) => a.compareTo(b) > 0);
  env.registerFunction(`${type}.compareTo(${type}): int`, (a: SemverValue, b: SemverValue) => BigInt(a.compareTo(b)));
  env.registerOperator(`${type} == ${type}`, (a: SemverValue, b: SemverValue) => a.equals(b));
}

class SemverValue {
  readonly numbers: readonly [bigint, bigint, bigint];
  readonly pre: readonly string[];

  constructor(numbers: readonly [bigint, bigint, bigint], pre: readonly string[]) {
    this.numbers = numbers;
    this.pre = pre;
  }

  equals(other: unknown): boolean {
    return other instanceof SemverValue && this.compareTo(other) === 0;
  }

  /** A release comes after its pre-releases; build metadata does not count. */
  compareTo(other: SemverValue): number {
    for (let index = 0; index < 3; index++) {
      const [a, b] = [this.numbers[index]!, other.numbers[index]!];
      if (a !== b) return a < b ? -1 : 1;
    }
    if (this.pre.length === 0 || other.pre.length === 0) return Math.sign(other.pre.length - this.pre.length);
    for (let index = 0; index < Math.min(this.pre.length, other.pre.length); index++) {
      const order = compareIdentifiers(this.pre[index]!, other.pre[index]!);
      if (order !== 0) return order;
    }
    return Math.sign(this.pre.length - other.pre.length);
  }
}

function compareIdentifiers(a: string, b: string): number {
  const [isNumberA, isNumberB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumberA && isNumberB) return Number(a) - Number(b);
  if (isNumberA !== isNumberB) return isNumberA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function parseSemver(text: string): SemverValue | undefined {
  const number = "(0|[1-9]\\d{0,17})";
  const match = new RegExp(`^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`).exec(
    text,
  );
  if (!match) return undefined;
  const pre = match[4]?.split(".") ?? [];
  if (pre.some((part) => part === "" || /^0\d+$/.test(part)) || match[5]?.split(".").includes("")) return undefined;
  return new SemverValue([BigInt(match[1]!), BigInt(match[2]!), BigInt(match[3]!)], pre);
}

/** `v1.2` → `1.2.0`, leading zeros gone. */
function normalize(text: string): string {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?$/.exec(text);
  if (!match) return text;
  const numbers = [match[1], match[2], match[3]].map((part) => (part ?? "0").replace(/^0+(?=\d)/, ""));
  return `${numbers.join(".")}${match[4] ?? ""}`;
}
