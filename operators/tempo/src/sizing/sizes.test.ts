import { describe, expect, it } from "vitest";
import { ingesterQuorum, resourcesOfSize, type SizedContainer, sizeDefaults } from "./sizes.ts";

const sizes = ["1x.pico", "1x.extra-small", "1x.small", "1x.medium"] as const;

describe("sizes", () => {
  it.each<[SizedContainer, string]>([
    ["ingester", "500m/3Gi 1500m/8Gi 2/10Gi 8/16Gi"],
    ["compactor", "500m/500Mi 200m/4Gi 400m/6Gi 600m/10Gi"],
    ["querier", "750m/1536Mi 1/1Gi 2500m/3Gi 5/4Gi"],
    ["query-frontend", "500m/500Mi 200m/1Gi 400m/1Gi 800m/1Gi"],
    ["distributor", "500m/500Mi 200m/128Mi 600m/128Mi 1500m/128Mi"],
    ["gateway", "100m/64Mi 400m/128Mi 800m/192Mi 4/192Mi"],
    ["jaeger-query", "100m/64Mi 400m/128Mi 800m/192Mi 4/192Mi"],
    ["oauth-proxy", "50m/64Mi 100m/64Mi 100m/64Mi 200m/128Mi"],
    ["gateway-opa", "50m/64Mi 100m/64Mi 100m/64Mi 200m/128Mi"],
    ["metrics-generator", "500m/512Mi 500m/512Mi 1/1Gi 2/2Gi"],
  ])("2.1.12: request for %s %s, from pico to medium, and limit nothing", (container, row) => {
    const resources = sizes.map((size) => resourcesOfSize(size, container));
    expect(resources.map(({ requests }) => `${requests?.["cpu"]}/${requests?.["memory"]}`).join(" ")).toBe(row);
    expect(resources.every(({ limits }) => limits === undefined)).toBe(true);
  });

  it("2.1.12: ask for nothing for a demo", () => {
    expect(resourcesOfSize("1x.demo", "ingester")).toEqual({});
    expect(sizeDefaults["1x.demo"].limits).toBeUndefined();
  });

  it.each([
    ["1x.pico", 600000, 1200000, undefined],
    ["1x.extra-small", 1200000, 2400000, undefined],
    ["1x.small", 5800000, 11600000, 17000],
    ["1x.medium", 23000000, 46000000, 54000],
  ] as const)("2.1.12: limit ingestion for %s to %d bytes a second, %d at once", (size, rate, burst, tracesPerUser) => {
    expect(sizeDefaults[size].limits).toEqual({ rate, burst, ...(tracesPerUser ? { tracesPerUser } : {}) });
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [5, 3],
  ])("2.1.4: with replication factor %d need %d ingesters", (factor, ingesters) => {
    expect(ingesterQuorum(factor)).toBe(ingesters);
  });
});
