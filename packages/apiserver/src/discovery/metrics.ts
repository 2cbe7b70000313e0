import type { Route } from "../http/chain.ts";
import type { RequestMetrics } from "../http/request-metrics.ts";
import { textResponse } from "../http/respond.ts";

/** Answers `/metrics`. @param more further metrics in the text format of Prometheus, each ending with a line end */
export function metricsRoute(requests: RequestMetrics, more: () => string = () => ""): Route {
  return (info) => {
    if (info.path !== "/metrics") return undefined;
    return textResponse(200, requests.render() + more(), {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    });
  };
}
