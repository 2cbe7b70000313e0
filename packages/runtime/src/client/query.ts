/** Query strings of requests, in the API's words. */
export type QueryValue = string | number | boolean | undefined;

/** `?a=1&b=2`, or nothing; undefined values are left out, false as well: it is always the default. */
export function queryString(values: Readonly<Record<string, QueryValue>>): string {
  let query = "";
  for (const name in values) {
    const value = values[name];
    if (value === undefined || value === false || value === "") continue;
    query += `${query === "" ? "?" : "&"}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}

/** Labels that must all be equal, in the API's grammar; selectors that are text already stay as they are. */
export function selectorText(selector: string | Readonly<Record<string, string>> | undefined): string | undefined {
  if (selector === undefined || typeof selector === "string") return selector;
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
