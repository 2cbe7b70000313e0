import { type Clock, type Interceptor, systemClock, type TransportResponse } from "@homeostat/api";
import type { Counter, Registry } from "prom-client";
import { promClient } from "../on-demand.ts";

const DURATION_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const SIZE_BUCKETS = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];

export interface RequestMetricsOptions {
  /** Measure duration, sizes and retries, too; they cost some sixty series for each verb and host. Default false. */
  readonly detailed?: boolean;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/**
 * Requests to API servers, named as client-go names them. One instance serves any number of hosts.
 *
 * client-go also has `rest_client_rate_limiter_duration_seconds` and `rest_client_dns_resolution_duration_seconds`:
 * there is no limiter here, and names are resolved where connections are made, once for many requests.
 */
export class RequestMetrics {
  readonly #total: Counter<"code" | "method" | "host">;
  readonly #detailed: DetailedMetrics | undefined;

  readonly #clock: Clock;

  constructor(registry: Registry, { detailed = false, clock = systemClock }: RequestMetricsOptions = {}) {
    this.#clock = clock;
    this.#total = new (promClient().Counter)({
      name: "rest_client_requests_total",
      help: "HTTP requests by status code, method and host",
      labelNames: ["code", "method", "host"],
      registers: [registry],
    });
    this.#detailed = detailed ? detailedMetrics(registry) : undefined;
  }

  /** Counts each request that is sent, retries included; one that got no answer has the code `<error>`. */
  interceptor(host: string): Interceptor {
    const detailed = this.#detailed;
    const clock = this.#clock;
    return (next) => async (request) => {
      const { method, body } = request;
      const labels = { verb: method, host };
      const sentAt = clock.monotonic();
      detailed?.requestSize.observe(labels, body === undefined ? 0 : Buffer.byteLength(body));
      try {
        const response = await next(request);
        this.#total.inc({ code: String(response.status), method, host });
        return detailed ? sized(response, (bytes) => detailed.responseSize.observe(labels, bytes)) : response;
      } catch (error) {
        this.#total.inc({ code: "<error>", method, host });
        throw error;
      } finally {
        detailed?.duration.observe(labels, (clock.monotonic() - sentAt) / 1000);
      }
    };
  }

  /** A request is made again because of `code`, a status or `<error>`. */
  retried(code: string, verb: string, host: string): void {
    this.#detailed?.retries.inc({ code, verb, host });
  }
}

/** Counts requests to one API server; see {@link RequestMetrics}. */
export function requestMetrics(registry: Registry, host: string): Interceptor {
  return new RequestMetrics(registry).interceptor(host);
}

type DetailedMetrics = ReturnType<typeof detailedMetrics>;

function detailedMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ["verb", "host"] as const;
  const histogram = (name: string, help: string, buckets: number[]) =>
    new (promClient().Histogram)({ name, help, labelNames, buckets, registers });
  return {
    duration: histogram(
      "rest_client_request_duration_seconds",
      "Time until the answer of a request began",
      DURATION_BUCKETS,
    ),
    requestSize: histogram("rest_client_request_size_bytes", "Bytes of a request's body", SIZE_BUCKETS),
    responseSize: histogram("rest_client_response_size_bytes", "Bytes of an answer's body", SIZE_BUCKETS),
    retries: new (promClient().Counter)({
      name: "rest_client_request_retries_total",
      help: "Requests made again, by what the one before was answered with",
      labelNames: ["code", "verb", "host"],
      registers,
    }),
  };
}

/** Tells how long the body was, once it has been read to its end. */
function sized(response: TransportResponse, tell: (bytes: number) => void): TransportResponse {
  return {
    status: response.status,
    headers: response.headers,
    async bytes() {
      const bytes = await response.bytes();
      tell(bytes.byteLength);
      return bytes;
    },
    async pipe(sink) {
      let length = 0;
      await response.pipe((chunk) => {
        length += chunk.byteLength;
        sink(chunk);
      });
      tell(length);
    },
  };
}
