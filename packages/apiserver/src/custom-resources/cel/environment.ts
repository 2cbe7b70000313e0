import { Environment } from "@marcbachmann/cel-js";
import type { ListKinds } from "./equality.ts";
import { createEquals } from "./equality.ts";
import type { Library } from "./library.ts";
import { registerAddressLibrary } from "./library-addresses.ts";
import { registerComprehensions } from "./library-comprehensions.ts";
import { registerConversions } from "./library-conversions.ts";
import { registerFormatLibrary } from "./library-formats.ts";
import { registerListLibrary } from "./library-lists.ts";
import { registerQuantityLibrary } from "./library-quantity.ts";
import { registerRegexLibrary } from "./library-regex.ts";
import { registerSemverLibrary } from "./library-semver.ts";
import { registerStringLibrary } from "./library-strings.ts";
import { registerUrlLibrary } from "./library-url.ts";
import { createMeter } from "./meter.ts";

/** What expressions are compiled in: the CEL of Kubernetes, with a meter of its own. */
export interface CelEnvironment extends Library {
  readonly listKinds: ListKinds;
}

/**
 * CEL as Kubernetes speaks it: the standard language, optional types and the libraries of 1.34, on top of the
 * evaluator library. Patterns run as RE2.
 *
 * What is missing, compared with kube-apiserver:
 * - optional entries in literals: `[?x]`, `{?key: x}`;
 * - quoted field names in backticks;
 * - cost estimates when a rule is declared; only actual steps are limited, and counted in simpler units;
 * - times below a millisecond, and integers of JSON beyond 2^53;
 * - `authorizer`, which belongs to admission;
 * - `type()` of an object names the declared type by its path;
 * - `string.format` knows `%s %d %f %e %x %X %o %b` without flags other than precision.
 */
export function createCelEnvironment(): CelEnvironment {
  const meter = createMeter();
  const listKinds: ListKinds = new WeakMap();
  const equals = createEquals(meter, listKinds);
  const env = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  const library: Library = { env, meter, equals, makeDuration: durationMaker(env) };
  for (const register of libraries) register(library);
  return { ...library, listKinds };
}

/** The library does not export the class of its durations, but it makes some. */
function durationMaker(env: Environment): Library["makeDuration"] {
  const Duration = (env.evaluate("duration('0s')") as object).constructor as new (
    seconds: bigint,
    nanos: number,
  ) => unknown;
  const second = 1_000_000_000n;
  return (nanos) => new Duration(nanos / second, Number(nanos % second));
}

const libraries: readonly ((library: Library) => void)[] = [
  registerConversions,
  registerStringLibrary,
  registerRegexLibrary,
  registerListLibrary,
  registerComprehensions,
  registerUrlLibrary,
  registerQuantityLibrary,
  registerAddressLibrary,
  registerSemverLibrary,
  registerFormatLibrary,
];
