/** How deep fields are looked into, and how many causes of an error are told. */
const depthLimit = 6;

/**
 * A field's value as it may be written: objects of the API become what names them (apiVersion, kind, namespace, name),
 * at any depth, so that no Secret ends up in a log; errors become type, message, code and stack, with their causes and
 * without whatever else somebody hung on them; bytes become their number.
 */
export function logValue(value: unknown, depth = 0): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return logError(value, depth);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date || value instanceof URL) return value.toJSON();
  const name = apiName(value as Record<string, unknown>);
  if (name) return name;
  if (depth >= depthLimit) return Array.isArray(value) ? "[…]" : "{…}";
  if (Array.isArray(value)) return value.map((each) => logValue(each, depth + 1));
  if (value instanceof Map || value instanceof Set) return logValue([...value], depth);
  return logFields(value as Record<string, unknown>, depth + 1);
}

/** The same for each field of a line. */
export function logFields(fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, logValue(value, depth)]));
}

/** What names an object of the API; undefined for other values. Lists of objects have no name of their own. */
function apiName(value: Record<string, unknown>): Record<string, unknown> | undefined {
  const { apiVersion, kind, metadata } = value as { apiVersion?: unknown; kind?: unknown; metadata?: unknown };
  const { namespace, name, generateName } = (typeof metadata === "object" && metadata !== null ? metadata : {}) as {
    namespace?: unknown;
    name?: unknown;
    generateName?: unknown;
  };
  const named = typeof name === "string" || typeof generateName === "string";
  if (!named && (typeof apiVersion !== "string" || typeof kind !== "string")) return undefined;
  return { apiVersion, kind, namespace, name: name ?? generateName };
}

function logError(error: Error, depth: number): Record<string, unknown> {
  const { code, reason, cause } = error as { code?: unknown; reason?: unknown; cause?: unknown };
  const errors = error instanceof AggregateError ? error.errors : undefined;
  const deeper = depth < depthLimit;
  return {
    type: error.name === "Error" ? error.constructor.name : error.name,
    message: error.message,
    ...(isScalar(code) ? { code } : {}),
    ...(isScalar(reason) && reason !== "" ? { reason } : {}),
    stack: error.stack,
    ...(cause === undefined || !deeper ? {} : { cause: logValue(cause, depth + 1) }),
    ...(errors && deeper ? { errors: errors.map((each) => logValue(each, depth + 1)) } : {}),
  };
}

const isScalar = (value: unknown): boolean => typeof value === "string" || typeof value === "number";
