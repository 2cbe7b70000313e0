import type { RequestInfo } from "../request-info.ts";

/** Counts answered requests and writes them in the text format of Prometheus. */
export interface RequestMetrics {
  count(info: RequestInfo, code: number): void;
  render(): string;
}

export function createRequestMetrics(): RequestMetrics {
  const totals = new Map<string, number>();
  return {
    count(info, code) {
      const labels = labelsOf(info, code);
      totals.set(labels, (totals.get(labels) ?? 0) + 1);
    },
    render() {
      const lines = [...totals].sort().map(([labels, count]) => `apiserver_request_total{${labels}} ${count}`);
      return [
        "# HELP apiserver_request_total Requests answered, by verb, resource and HTTP code.",
        "# TYPE apiserver_request_total counter",
        ...lines,
        "",
      ].join("\n");
    },
  };
}

/** Paths that name no resource are not told apart: anyone could make up any number of them. */
function labelsOf(info: RequestInfo, code: number): string {
  const resource = info.isResource ? info : { group: "", version: "", resource: "", subresource: "" };
  const labels = {
    code: String(code),
    component: "apiserver",
    group: resource.group,
    resource: resource.resource,
    scope: scopeOf(info),
    subresource: resource.subresource ?? "",
    verb: info.verb.toUpperCase(),
    version: resource.version,
  };
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",");
}

function scopeOf(info: RequestInfo): string {
  if (!info.isResource) return "";
  if (info.named) return "resource";
  return info.namespace ? "namespace" : "cluster";
}
