import { describe, expect, it } from "vitest";
import { portsOfUrls, urlPort } from "./url-port.ts";

describe("urlPort", () => {
  it.each([
    ["http://otel:4318", 4318],
    ["http://otel:80/v1", 80],
    ["http://otel/v1", 80],
    ["https://[fd00::1]:9000/", 9000],
    ["https://mimir.example", 443],
    ["otel-collector:4318", 4318],
    ["otel-collector:4318/v1/traces", 4318],
    ["nonsense", undefined],
    ["", undefined],
    ["http://", undefined],
    ["grpc://otel:99999", undefined],
    ["gopher://x", undefined],
  ])("3.13: of %j is %s", (text, port) => {
    expect(urlPort(text)).toBe(port);
  });

  it("joins what is always allowed and what URLs name, each port once", () => {
    expect(portsOfUrls([443], ["https://a", "http://b:8080", undefined, "https://c:8080", "?"])).toEqual([443, 8080]);
  });
});
