import { describe, expect, it } from "vitest";
import { componentName, dnsName, serviceHost } from "./names.ts";

describe("names", () => {
  it.each([
    ["simplest", "querier", "tempo-simplest-querier"],
    ["simplest", "", "tempo-simplest"],
    ["simplest", "tempo", "tempo-simplest"],
    ["My.Stack", "ingester", "tempo-my-stack-ingester"],
    ["stack.", "tempo", "tempo-stacka"],
  ])("3.1.1: names %2$s", (name, component, expected) => {
    expect(componentName(name, component)).toBe(expected);
  });

  it("3.1.1: keeps the length of a name and makes both its ends alphanumeric", () => {
    expect(dnsName("-a_b-")).toBe("aa-ba");
  });

  it("3.1.1: names the host of a service", () => {
    expect(serviceHost("tempo-a-querier", "shop")).toBe("tempo-a-querier.shop.svc.cluster.local");
  });
});
