import { createVirtualClock, type TransportRequest, type VirtualClock } from "@homeostat/api";
import { beforeEach, expect, test } from "vitest";
import { apiCallOf } from "./api-call.ts";
import { ObjectStamps } from "./object-stamps.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";
import { TRACEPARENT_ANNOTATION } from "./tracing-options.ts";

let clock: VirtualClock;
let stamps: ObjectStamps;

beforeEach(() => {
  clock = createVirtualClock();
  stamps = new ObjectStamps(clock);
});

const apply = (path: string, body = '{"metadata":{"annotations":{"own":"1"}},"data":{"a":"1"}}'): TransportRequest => ({
  method: "PATCH",
  path,
  headers: { "content-type": "application/apply-patch+yaml" },
  body,
});
const stamp = (request: TransportRequest, traceparent: string): unknown => {
  const { body } = stamps.stamped(request, apiCallOf(request), traceparent);
  const object = JSON.parse(String(body)) as { metadata?: { annotations?: Record<string, string> } };
  return object.metadata?.annotations?.[TRACEPARENT_ANNOTATION];
};
const path = (name: string): string => `/api/v1/namespaces/demo/configmaps/${name}`;

test("stamps what is created and applied, and leaves the rest of it alone", () => {
  const request = apply(path("a"));
  const { body, ...others } = stamps.stamped(request, apiCallOf(request), "one");
  expect(others).toEqual({ method: request.method, path: request.path, headers: request.headers });
  expect(JSON.parse(String(body))).toEqual({
    metadata: { annotations: { own: "1", [TRACEPARENT_ANNOTATION]: "one" } },
    data: { a: "1" },
  });
  const headers = { "content-type": "application/json" };
  expect(stamp({ method: "POST", path: "/api/v1/namespaces/demo/configmaps", headers, body: "{}" }, "two")).toBe("two");
});

test("keeps the stamp of what is applied again as it was, until it changes or is deleted", () => {
  expect(stamp(apply(path("a")), "one")).toBe("one");
  expect(stamp(apply(path("a")), "two")).toBe("one");
  expect(stamp(apply(path("a"), '{"data":{"a":"2"}}'), "three")).toBe("three");
  const gone = { method: "DELETE", path: path("a") };
  stamps.stamped(gone, apiCallOf(gone), "four");
  expect(stamp(apply(path("a"), '{"data":{"a":"2"}}'), "five")).toBe("five");
});

test.each([
  ["updates, whose version changes with each write", { method: "PUT", path: path("a"), body: "{}" }],
  [
    "patches",
    { method: "PATCH", path: path("a"), headers: { "content-type": "application/json-patch+json" }, body: "[]" },
  ],
  ["subresources", apply(`${path("a")}/status`)],
  [
    "Events",
    {
      method: "POST",
      path: "/apis/events.k8s.io/v1/namespaces/demo/events",
      headers: { "content-type": "application/json" },
      body: "{}",
    },
  ],
  ["Leases", apply("/apis/coordination.k8s.io/v1/namespaces/demo/leases/a")],
  ["YAML", apply(path("a"), "data: {}")],
])("leaves %s as they are", (_, request: TransportRequest) => {
  expect(stamps.stamped(request, apiCallOf(request), "one")).toBe(request);
});

test("leaves new objects without a stamp where too many are remembered, until old ones are forgotten", async () => {
  for (let index = 0; index < 20_000; index++) stamp(apply(path(`a${index}`), "{}"), "one");
  expect(stamp(apply(path("new"), "{}"), "two")).toBeUndefined();
  expect(stamp(apply(path("a0"), "{}"), "two")).toBe("one");
  await clock.advance(3_600_000);
  expect(stamp(apply(path("new"), "{}"), "three")).toBe("three");
});

test("reads W3C's header as it writes it, and nothing that is none", () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  const text = `00-${traceId}-${spanId}-01`;
  expect(formatTraceparent({ traceId, spanId, traceFlags: 1 })).toBe(text);
  expect(parseTraceparent(text)).toEqual({ traceId, spanId, traceFlags: 1, isRemote: true });
  // A later version may have more to say.
  expect(parseTraceparent(`01-${traceId}-${spanId}-03-more`)?.traceFlags).toBe(1);
  for (const wrong of ["", "one", `ff-${traceId}-${spanId}-01`, `00-${"0".repeat(32)}-${spanId}-01`, `${text}0`]) {
    expect(parseTraceparent(wrong)).toBeUndefined();
  }
});
