import { EvaluationError } from "@marcbachmann/cel-js";
import type { Library } from "./library.ts";

/** Absolute URLs and absolute paths. Source: kube-apiserver, cel/library/urls. */
export function registerUrlLibrary({ env, meter }: Library): void {
  env.registerType("kubernetes.URL", UrlValue);
  env.registerFunction("url(string): kubernetes.URL", (text: string) => {
    meter.charge(text.length / 10);
    const url = parseUrl(text);
    if (!url)
      throw new EvaluationError(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      );
    return url;
  });
  env.registerFunction("isURL(string): bool", (text: string) => {
    meter.charge(text.length / 10);
    return parseUrl(text) !== undefined;
  });
  env.registerFunction("kubernetes.URL.getScheme(): string", (url: UrlValue) => url.scheme);
  env.registerFunction("kubernetes.URL.getHost(): string", (url: UrlValue) => url.host);
  env.registerFunction("kubernetes.URL.getHostname(): string", (url: UrlValue) => url.hostname);
  env.registerFunction("kubernetes.URL.getPort(): string", (url: UrlValue) => url.port);
  env.registerFunction("kubernetes.URL.getEscapedPath(): string", (url: UrlValue) => url.path);
  env.registerFunction("kubernetes.URL.getQuery(): map<string, list<string>>", (url: UrlValue) => url.query);
  env.registerOperator("kubernetes.URL == kubernetes.URL", (a: UrlValue, b: UrlValue) => a.equals(b));
}

class UrlValue {
  readonly text: string;
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly search: string;

  constructor(text: string, parts: { scheme: string; host: string; path: string; search: string }) {
    this.text = text;
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.path = parts.path;
    this.search = parts.search;
  }

  get hostname(): string {
    return this.host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  }

  get port(): string {
    return /:(\d*)$/.exec(this.host)?.[1] ?? "";
  }

  get query(): Map<string, string[]> {
    const query = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(this.search)) query.set(name, [...(query.get(name) ?? []), value]);
    return query;
  }

  equals(other: unknown): boolean {
    return other instanceof UrlValue && other.text === this.text;
  }
}

/** As Go parses a request URI: absolute, or a path from the root; no fragment. */
function parseUrl(text: string): UrlValue | undefined {
  if (text === "" || /[\x00-\x20\x7f]/.test(text) || /%(?![0-9A-Fa-f]{2})/.test(text.split("?")[0]!)) return undefined;
  const absolute = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?]*))?([^?]*)(?:\?(.*))?$/.exec(text);
  if (absolute) {
    const [, scheme, authority = "", path, search = ""] = absolute;
    const host = authority.slice(authority.lastIndexOf("@") + 1);
    if (!/^(\[[0-9A-Fa-f:.%]+\]|[^[\]:]*)(:\d*)?$/.test(host)) return undefined;
    return new UrlValue(text, { scheme: scheme!.toLowerCase(), host, path: path!, search });
  }
  const relative = /^(\/[^?]*)(?:\?(.*))?$/.exec(text);
  if (!relative) return undefined;
  return new UrlValue(text, { scheme: "", host: "", path: relative[1]!, search: relative[2] ?? "" });
}
