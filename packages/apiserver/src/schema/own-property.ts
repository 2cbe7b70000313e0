import type { Json, JsonObject } from "@homeostat/api";

/** Sets an own property, whatever the key is called: JSON may hold `__proto__`, which plain assignment would not keep. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
