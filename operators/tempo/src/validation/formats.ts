import { fieldError, parseDuration, parseQuantity, type ResourceRequirements, type StatusCause } from "@homeostat/api";
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

/** The quantities of requests and limits, as fields for {@link checkQuantities}. */
export function quantitiesOf(path: string, resources: ResourceRequirements | undefined): Fields<string | number> {
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
