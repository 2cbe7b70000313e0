/**
 * Paths of fields that are in `given` and not in what a schema, which drops what it does not know, made of it:
 * `spec.template.colour`, `spec.tenants.authentication[0].colour`.
 */
export function unknownFields(given: unknown, known: unknown, path = ""): readonly string[] {
  if (Array.isArray(given)) {
    const items = Array.isArray(known) ? known : [];
    return given.flatMap((item, at) => unknownFields(item, items[at], `${path}[${at}]`));
  }
  if (typeof given !== "object" || given === null) return [];
  const fields = (typeof known === "object" && known !== null ? known : {}) as Readonly<Record<string, unknown>>;
  return Object.entries(given).flatMap(([field, value]) => {
    const at = path === "" ? field : `${path}.${field}`;
    return Object.hasOwn(fields, field) ? unknownFields(value, fields[field], at) : [at];
  });
}
