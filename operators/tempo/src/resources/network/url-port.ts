const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Port that a URL is reached on; undefined where the text names none and its scheme has none. */
export function urlPort(text: string): number | undefined {
  const url = URL.parse(text);
  if (url?.port) return Number(url.port);
  if (url && url.hostname !== "") return defaultPorts[url.protocol];
  // `collector:4318` is a URL of the scheme `collector`.
  const bare = /^[^/]*:(\d{1,5})(\/|$)/.exec(text);
  return bare ? Number(bare[1]) : undefined;
}

/** `always`, and the ports of the URLs that are not among them. */
export function portsOfUrls(always: readonly number[], urls: readonly (string | undefined)[]): readonly number[] {
  return [...new Set([...always, ...urls.flatMap((url) => (url ? (urlPort(url) ?? []) : []))])];
}
