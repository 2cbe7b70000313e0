import { describe, expect, it } from "vitest";
import { goMemoryLimit, shareOfTotal } from "./shares.ts";
import type { SizedContainer } from "./sizes.ts";

const total = { limits: { cpu: "2", memory: "2Gi" } };

describe("shareOfTotal", () => {
  it.each<[SizedContainer, string, string, string, string]>([
    ["distributor", "520m", "236223200", "156m", "70866960"],
    ["ingester", "720m", "1052267008", "216m", "315680128"],
    ["compactor", "300m", "365072224", "90m", "109521672"],
    ["querier", "180m", "300647712", "54m", "90194320"],
    ["query-frontend", "80m", "42949672", "24m", "12884902"],
    ["jaeger-query", "80m", "42949672", "24m", "12884902"],
    ["gateway", "80m", "64424508", "24m", "19327354"],
    ["gateway-opa", "40m", "42949672", "12m", "12884902"],
  ])("2.1.13: gives %s its part beside a gateway, in single precision", (container, cpu, memory, cpu3, memory3) => {
    const resources = shareOfTotal(total, "gateway", container, 1);
    // Quantities compare as the API prints them: those that are whole powers of two get a suffix.
    expect(resources).toEqual({ limits: { cpu, memory }, requests: { cpu: cpu3, memory: memory3 } });
  });

  it("2.1.13: gives the distributor more without a gateway", () => {
    expect(shareOfTotal(total, "plain", "distributor", 1)).toEqual({
      limits: { cpu: "540m", memory: "257698032" },
      requests: { cpu: "162m", memory: "77309416" },
    });
  });

  it("2.1.13: divides by the replicas where there are several", () => {
    expect(shareOfTotal({ limits: { cpu: "2000m" } }, "plain", "distributor", 2)).toEqual({
      limits: { cpu: "270m" },
      requests: { cpu: "81m" },
    });
  });

  it("2.1.13: takes the proxy's part from the Jaeger container where users log in", () => {
    expect(shareOfTotal({ limits: { cpu: "2" } }, "jaeger-authentication", "jaeger-query", 1).limits).toEqual({
      cpu: "70m",
    });
    expect(shareOfTotal({ limits: { cpu: "2" } }, "jaeger-authentication", "oauth-proxy", 1).limits).toEqual({
      cpu: "20m",
    });
  });

  it.each(["plain", "gateway", "jaeger-authentication"] as const)(
    "quirk 17: limits the metrics generator, on top of the total (table %s)",
    (table) => {
      const limits = { cpu: "2", memory: "1000M" };
      expect(shareOfTotal({ limits }, table, "metrics-generator", 2)).toEqual({
        limits: { cpu: "100m", memory: "50000000" },
        // One more byte than three tenths: single precision.
        requests: { cpu: "30m", memory: "15000001" },
      });
    },
  );

  it("2.1.13: leaves containers without a part alone, and requests of the total", () => {
    expect(shareOfTotal(total, "plain", "gateway", undefined)).toEqual({});
    expect(shareOfTotal({ requests: { cpu: "2" } }, "plain", "ingester", 1)).toEqual({});
  });
});

describe("goMemoryLimit", () => {
  it("2.1.13: is four fifths of the memory limit", () => {
    expect(goMemoryLimit({ limits: { memory: "257698032" } })).toBe("206158425");
    expect(goMemoryLimit({ limits: { memory: "1Gi" } })).toBe("858993459");
    expect(goMemoryLimit({ requests: { memory: "1Gi" } })).toBeUndefined();
  });
});
