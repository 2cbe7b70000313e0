import type { Quantity } from "@homeostat/api";
import { parseQuantity } from "@homeostat/api";
import { EvaluationError } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";

/** Quantities such as `500m` and `1Gi`. Source: kube-apiserver, cel/library/quantity. */
export function registerQuantityLibrary({ env, meter }: Library): void {
  const type = "kubernetes.Quantity";
  env.registerType(type, QuantityValue);
  const parse = (text: string): Quantity | undefined => {
    meter.charge(text.length / 10);
    try {
      return parseQuantity(text);
    } catch {
      return undefined;
    }
  };
  env.registerFunction("isQuantity(string): bool", (text: string) => parse(text) !== undefined);
  env.registerFunction(`quantity(string): ${type}`, (text: string) => {
    const quantity = parse(text);
    if (!quantity) {
      throw new EvaluationError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    }
    return new QuantityValue(quantity.nano);
  });
  const one = 1_000_000_000n;
  env.registerFunction(`${type}.sign(): int`, (value: QuantityValue) => BigInt(Math.sign(Number(value.nano))));
  env.registerFunction(
    `${type}.isInteger(): bool`,
    (value: QuantityValue) => value.nano % one === 0n && fitsInt(value.nano / one),
  );
  env.registerFunction(`${type}.asInteger(): int`, (value: QuantityValue) => {
    if (value.nano % one !== 0n || !fitsInt(value.nano / one))
      throw new EvaluationError("cannot convert value to integer");
    return value.nano / one;
  });
  env.registerFunction(`${type}.asApproximateFloat(): double`, (value: QuantityValue) => Number(value.nano) / 1e9);
  env.registerFunction(
    `${type}.add(${type}): ${type}`,
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(a.nano + b.nano),
  );
  env.registerFunction(
    `${type}.add(int): ${type}`,
    (a: QuantityValue, b: bigint) => new QuantityValue(a.nano + b * one),
  );
  env.registerFunction(
    `${type}.sub(${type}): ${type}`,
    (a: QuantityValue, b: QuantityValue) => new QuantityValue(a.nano - b.nano),
  );
  env.registerFunction(
    `${type}.sub(int): ${type}`,
    (a: QuantityValue, b: bigint) => new QuantityValue(a.nano - b * one),
  );
  env.registerFunction(`${type}.isLessThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => a.nano < b.nano);
  env.registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: QuantityValue, b: QuantityValue) => a.nano > b.nano);
  env.registerFunction(`${type}.compareTo(${type}): int`, (a: QuantityValue, b: QuantityValue) =>
    BigInt(a.compareTo(b)),
  );
  env.registerOperator(`${type} == ${type}`, (a: QuantityValue, b: QuantityValue) => a.equals(b));
}

class QuantityValue {
  readonly nano: bigint;

  constructor(nano: bigint) {
    this.nano = nano;
  }

  equals(other: unknown): boolean {
    return other instanceof QuantityValue && other.nano === this.nano;
  }

  compareTo(other: QuantityValue): number {
    return this.nano < other.nano ? -1 : this.nano > other.nano ? 1 : 0;
  }
}

function fitsInt(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
