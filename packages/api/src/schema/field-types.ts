import type { z } from "zod";
import type { ValidationRule } from "../groups/apiextensions-v1.ts";
import type { Json, JsonObject, KubeObject } from "../object.ts";
import { zod } from "./on-demand.ts";

/** The string half of Kubernetes' quantity grammar: sign, decimal, and a suffix or an exponent. */
const quantityPattern = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

/** Durations as Go writes them, without sign: `1h30m`, `300ms`. */
const durationPattern = /^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/;

/** An integer or a string, as in ports and `maxUnavailable`: `x-kubernetes-int-or-string`. */
export function intOrString() {
  const { z } = zod();
  return z.union([z.int(), z.string()]).meta({ "x-kubernetes-int-or-string": true });
}

/** An amount such as `500m` or `1Gi`; integers may go without quotes. See `parseQuantity`. */
export function quantity() {
  const { z } = zod();
  return z.union([z.int(), z.string().regex(quantityPattern)]).meta({ "x-kubernetes-int-or-string": true });
}

/** A span of time as Go writes it: `1h30m`. See `parseDuration`. */
export function duration() {
  const { z } = zod();
  return z.string().regex(durationPattern);
}

/** An object whose unknown fields the server keeps. Without an argument: any object. */
export function preserveUnknownFields(): z.ZodType<JsonObject, JsonObject>;
export function preserveUnknownFields<T extends z.ZodObject>(schema: T): T;
export function preserveUnknownFields(schema: z.ZodObject = zod().looseObject({})): z.ZodType {
  return extend(schema.loose(), { "x-kubernetes-preserve-unknown-fields": true });
}

/** Any JSON value at all, kept as it is. */
export function anyJson(): z.ZodType<Json, Json> {
  const { z } = zod();
  return z.unknown().meta({ "x-kubernetes-preserve-unknown-fields": true }) as unknown as z.ZodType<Json, Json>;
}

/** A whole Kubernetes object inside this one; the server checks its apiVersion, kind and metadata. */
export function embeddedResource<T extends KubeObject = KubeObject>(): z.ZodType<T, T> {
  const { z } = zod();
  // Its metadata is implied: a schema may say nothing about it but limits of the name.
  return z
    .looseObject({ apiVersion: z.string().min(1), kind: z.string().min(1) })
    .meta({ "x-kubernetes-embedded-resource": true }) as unknown as z.ZodType<T, T>;
}

/**
 * A list whose elements are told apart by the fields `keys`, which must be required or have a default. Server-side
 * apply then owns elements one by one, and the server refuses two elements with equal keys.
 */
export function listMap<T extends z.ZodObject>(element: T, keys: readonly (keyof z.output<T> & string)[]) {
  return zod()
    .array(element)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [...keys] });
}

/** A list of scalars without repetition, owned element by element. The server refuses duplicates. */
export function listSet<T extends z.ZodType<string | number | boolean>>(element: T) {
  return zod().array(element).meta({ "x-kubernetes-list-type": "set" });
}

/**
 * Adds CEL rules, checked by the server on every write: `rules(schema, [{ rule: "self.min <= self.max", message: "…" }])`.
 * Rules given earlier stay. A rule that mentions `oldSelf` is checked on updates only.
 * Source: KEP-2876.
 */
export function rules<T extends z.ZodType>(schema: T, added: readonly ValidationRule[]): T {
  const earlier = (schema.meta()?.["x-kubernetes-validations"] ?? []) as readonly ValidationRule[];
  return extend(schema, { "x-kubernetes-validations": [...earlier, ...added] });
}

/** A value that cannot be changed once set. */
export function immutable<T extends z.ZodType>(schema: T, message = "field is immutable"): T {
  return rules(schema, [{ rule: "self == oldSelf", message }]);
}

/**
 * `status.conditions`: a list map by type of meta/v1 `Condition`, with the API's own limits.
 * Write it with `setCondition`. Mostly `conditions().optional()`.
 */
export function conditions() {
  const { z } = zod();
  const condition = z.object({
    type: z
      .string()
      .max(316)
      .regex(
        /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/,
      )
      .describe("Aspect of the object this is about, in CamelCase"),
    status: z.enum(["True", "False", "Unknown"]),
    observedGeneration: z.int().min(0).optional().describe("Generation of the object this was judged on"),
    lastTransitionTime: z.iso.datetime({ offset: true }).describe("When status last changed"),
    reason: z
      .string()
      .min(1)
      .max(1024)
      .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
      .describe("Why, for programs, in CamelCase"),
    message: z.string().max(32768).describe("Why, for people"),
  });
  return listMap(condition, ["type"]);
}

/** Adds to what `.meta()` says already; Zod's own call would replace it. */
function extend<T extends z.ZodType>(schema: T, words: Readonly<Record<string, unknown>>): T {
  return schema.meta({ ...schema.meta(), ...words }) as T;
}
