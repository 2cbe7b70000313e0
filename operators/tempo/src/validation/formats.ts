import {
  fieldError,
  parseDuration,
  parseQuantity,
  quantityToMilli,
  type ResourceRequirements,
  type StatusCause,
} from "@homeostat/api";
import { accepted, error, type Verdict } from "./verdict.ts";

type Fields<T> = readonly (readonly [path: string, value: T | undefined])[];

/** One error for each duration that does not parse; the CRD takes any text. */
export function checkDurations(fields: Fields<string>): Verdict {
  return check(fields, (path, value) => fault(path, value, () => parseDuration(value)));
}

/** One error for each quantity that does not parse, in case the CRD's pattern was not asked. */
export function checkQuantities(fields: Fields<string | number>): Verdict {
  return check(fields, (path, value) => fault(path, value, () => parseQuantity(value)));
}

/**
 * What no API server takes of requests and limits: amounts that do not parse or are below zero, and requests above their
 * limits. Said here, where the field is known, rather than by the first pod template that fails.
 */
export function checkResources(path: string, resources: ResourceRequirements | undefined): Verdict {
  const { limits = {}, requests = {} } = resources ?? {};
  const negative = quantitiesOf(path, resources).filter(([, value]) => (milliOf(value) ?? 0n) < 0n);
  const excessive = Object.entries(requests).filter(([name, request]) => isAbove(request, limits[name]));
  return {
    errors: [
      ...checkQuantities(quantitiesOf(path, resources)).errors,
      ...negative.map(([field, value]) => fieldError.invalid(field, value, notNegative)),
      ...excessive.map(([name, request]) =>
        fieldError.invalid(`${path}.requests[${name}]`, request, `must be no more than the limit, ${limits[name]}`),
      ),
    ],
    warnings: [],
  };
}

type Amount = string | number | undefined;

const isAbove = (request: Amount, limit: Amount) => {
  const [most, wanted] = [milliOf(limit), milliOf(request)];
  return most !== undefined && wanted !== undefined && wanted > most;
};

function milliOf(value: Amount): bigint | undefined {
  try {
    return value === undefined ? undefined : quantityToMilli(value);
  } catch {
    return undefined;
  }
}

const notNegative = "must not be negative";

/** An error where a claim would be for nothing, or a memory volume for less: zero means no limit there. */
export function checkVolumeSize(path: string, size: string | number, isMemory: boolean): Verdict {
  const milli = milliOf(size);
  if (milli === undefined) return checkQuantities([[path, size]]);
  if (milli > 0n || (isMemory && milli === 0n)) return accepted;
  return error(fieldError.invalid(path, size, isMemory ? notNegative : "must be greater than zero"));
}

/** One error for each number of pods that is below zero. */
export function checkReplicas(fields: Fields<number>): Verdict {
  return check(fields, (path, value) => (value < 0 ? fieldError.invalid(path, value, notNegative) : undefined));
}

function quantitiesOf(
  path: string,
  resources: ResourceRequirements | undefined,
): readonly (readonly [path: string, value: string | number])[] {
  return (["limits", "requests"] as const).flatMap((list) =>
    Object.entries(resources?.[list] ?? {}).map(([name, value]) => [`${path}.${list}[${name}]`, value] as const),
  );
}

/** `extraConfig.tempo` may be any JSON for the CRD, yet only an object can be merged. */
export function checkExtraConfig(path: string, extra: unknown): Verdict {
  if (extra === undefined || extra === null || (typeof extra === "object" && !Array.isArray(extra))) return accepted;
  return error(fieldError.invalid(path, extra, "must be an object with keys of Tempo's configuration"));
}

function check<T>(fields: Fields<T>, judge: (path: string, value: T) => StatusCause | undefined): Verdict {
  const errors = fields.flatMap(([path, value]) => (value === undefined ? [] : (judge(path, value) ?? [])));
  return { errors, warnings: [] };
}

function fault(path: string, value: unknown, parse: () => unknown): StatusCause | undefined {
  try {
    parse();
    return undefined;
  } catch (cause) {
    return fieldError.invalid(path, value, (cause as Error).message);
  }
}
