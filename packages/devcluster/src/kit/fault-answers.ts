import {
  type ApiError,
  conflict,
  expired,
  internalError,
  type Status,
  serviceUnavailable,
  statusError,
  type TransportResponse,
  timeout,
  tooManyRequests,
} from "@homeostat/api";

/** Faults that are an answer: the request never reaches the server. */
export type AnswerFault =
  | "conflict"
  | "tooManyRequests"
  | "internalError"
  | "serviceUnavailable"
  | "gatewayTimeout"
  | "storageFull"
  | "watchExpired";

const encoder = new TextEncoder();

/** What the server would say, in its words. */
export function faultAnswer(type: AnswerFault, path: string): TransportResponse {
  switch (type) {
    case "conflict":
      return refusal(conflict(resourceOf(path), nameOf(path), "the object has been modified (injected fault)"));
    case "tooManyRequests":
      return refusal(tooManyRequests("too many requests, please try again later (injected fault)", 1));
    case "internalError":
      return refusal(internalError("injected fault"));
    case "serviceUnavailable":
      return refusal(serviceUnavailable("the server is currently unable to handle the request (injected fault)"));
    case "gatewayTimeout":
      return refusal(timeout("request did not complete within the allotted timeout (injected fault)"));
    case "storageFull":
      // What a full etcd says passes through the server as it is, without a reason.
      return refusal(statusError(500, "", "etcdserver: mvcc: database space exceeded (injected fault)"));
    case "watchExpired": {
      // As a real server: the stream begins, and its only event says so.
      const { status } = expired("too old resource version (injected fault)");
      return answer(200, {}, `${JSON.stringify({ type: "ERROR", object: status })}\n`);
    }
  }
}

function refusal({ status, retryAfterMs }: ApiError): TransportResponse {
  const wait: Record<string, string> = retryAfterMs === undefined ? {} : { "retry-after": String(retryAfterMs / 1000) };
  return answer(status.code ?? 500, wait, JSON.stringify(status satisfies Status));
}

function answer(status: number, headers: Readonly<Record<string, string>>, text: string): TransportResponse {
  const body = encoder.encode(text);
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    bytes: async () => body,
    pipe: async (sink) => sink(body),
  };
}

/** `/apis/apps/v1/namespaces/shop/deployments/web?…` names `deployments.apps` and `web`. */
function resourceOf(path: string): { group: string; plural: string } {
  const parts = partsOf(path);
  const group = parts[0] === "apis" ? parts[1]! : "";
  return { group, plural: rest(parts)[0] ?? "" };
}

function nameOf(path: string): string {
  return decodeURIComponent(rest(partsOf(path))[1] ?? "");
}

function rest(parts: readonly string[]): readonly string[] {
  const after = parts.slice(parts[0] === "apis" ? 3 : 2);
  return after[0] === "namespaces" && after.length > 2 ? after.slice(2) : after;
}

function partsOf(path: string): string[] {
  return path.split("?")[0]!.split("/").slice(1);
}
