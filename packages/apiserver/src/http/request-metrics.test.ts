import { describe, expect, it } from "vitest";
import { parseRequestInfo } from "./request-info.ts";
import { createRequestMetrics } from "./request-metrics.ts";

describe("request metrics", () => {
  it("stay bounded when somebody asks for ever new resources", () => {
    const metrics = createRequestMetrics();
    metrics.count(parseRequestInfo("GET", "/api/v1/pods"), 200);
    for (let index = 0; index < 5_000; index++) metrics.count(parseRequestInfo("GET", `/api/v1/made-up-${index}`), 404);
    metrics.count(parseRequestInfo("GET", "/api/v1/pods"), 200);
    const lines = metrics
      .render()
      .split("\n")
      .filter((line) => line.startsWith("apiserver_request_total"));
    expect(lines.length).toBeLessThanOrEqual(2_001);
    expect(lines.find((line) => line.includes('resource="pods"'))).toMatch(/ 2$/);
    expect(lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0)).toBe(5_002);
  });
});
