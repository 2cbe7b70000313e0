import type { Interceptor } from "@homeostat/api";
import { Counter, type Registry } from "prom-client";

/** Counts requests to the API server as client-go does; those that got no answer have the code `<error>`. */
export function requestMetrics(registry: Registry, host: string): Interceptor {
  const total = new Counter({
    name: "rest_client_requests_total",
    help: "HTTP requests by status code, method and host",
    labelNames: ["code", "method", "host"],
    registers: [registry],
  });
  return (next) => async (request) => {
    const { method } = request;
    try {
      const response = await next(request);
      total.inc({ code: String(response.status), method, host });
      return response;
    } catch (error) {
      total.inc({ code: "<error>", method, host });
      throw error;
    }
  };
}
