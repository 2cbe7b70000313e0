import type { RequestInfo } from "../request-info.ts";

/** Counts answered requests and writes them in the text format of Prometheus. */
export interface RequestMetrics {
  count(info: RequestInfo, code: number): void;
  render(): string;
}

/** Anyone may ask for resources that do not exist; beyond so many series all the rest are counted as one per code. */
const maxSeries = 2_000;

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  total: number;
}

export function createRequestMetrics(): RequestMetrics {
  const all = new Map<string, Series>();
  const seriesOf = (info: RequestInfo, code: number): Series => {
    const key = keyOf(info, code);
    const known = all.get(key);
    if (known) return known;
    const full = all.size >= maxSeries;
    const otherKey = full ? `${code} other` : key;
    const series = all.get(otherKey) ?? { labels: full ? otherLabels(code) : labelsOf(info, code), total: 0 };
    all.set(otherKey, series);
    return series;
  };
  return {
    count(info, code) {
      seriesOf(info, code).total++;
    },
    render() {
      const lines = [...all.values()].map(({ labels, total }) => `apiserver_request_total{${format(labels)}} ${total}`);
      return [
        "# HELP apiserver_request_total Requests answered, by verb, resource and HTTP code.",
        "# TYPE apiserver_request_total counter",
        ...lines.sort(),
        "",
      ].join("\n");
    },
  };
}

/** Paths that name no resource are not told apart, for the same reason. */
function keyOf(info: RequestInfo, code: number): string {
  if (!info.isResource) return `${code} ${info.verb}`;
  return `${code} ${info.verb} ${info.group}/${info.version}/${info.resource}/${info.subresource} ${scopeOf(info)}`;
}

function labelsOf(info: RequestInfo, code: number): Record<string, string> {
  const resource = info.isResource ? info : { group: "", version: "", resource: "", subresource: "" };
  return {
    code: String(code),
    component: "apiserver",
    group: resource.group,
    resource: resource.resource,
    scope: scopeOf(info),
    subresource: resource.subresource ?? "",
    verb: info.verb.toUpperCase(),
    version: resource.version,
  };
}

const otherLabels = (code: number): Record<string, string> => ({
  ...{ code: String(code), component: "apiserver", group: "", resource: "other" },
  ...{ scope: "", subresource: "", verb: "other", version: "" },
});

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.named) return "resource";
  return info.namespace ? "namespace" : "cluster";
}

function format(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");
}
