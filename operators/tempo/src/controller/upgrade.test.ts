import { describe, expect, test } from "vitest";
import { TempoStack } from "../api/tempo-stack.ts";
import { stackUpgrade } from "./upgrade.ts";

const storage = { secret: { name: "s", type: "s3" } } as const;
const stack = (operatorVersion: string | undefined, spec: object = {}): TempoStack => ({
  ...TempoStack.object({ metadata: { name: "a" }, spec: { storage, ...spec } as TempoStack["spec"] }),
  ...(operatorVersion === undefined ? {} : { status: { operatorVersion } }),
});

describe("stackUpgrade", () => {
  test.each([undefined, "", "0.22.0", "v0.22.0", "0.22.0+homeostat.0.0.1", "0.22.1", "1.0.0"])(
    "leaves a stack of version %s alone",
    (version) => expect(stackUpgrade(stack(version, { images: { tempo: "t:1" } }))).toBeUndefined(),
  );

  test.each<[string, string, object, object | undefined]>([
    ["0.21.0", "has no step after 0.15.4", { images: { tempo: "t:1" } }, undefined],
    [
      "0.2.0",
      "0.3.0 clears a deprecated limit everywhere",
      {
        limits: {
          global: { query: { maxSearchBytesPerTrace: 1 } },
          perTenant: { a: { query: { maxSearchBytesPerTrace: 2 } }, b: { query: {} } },
        },
      },
      {
        limits: {
          global: { query: { maxSearchBytesPerTrace: null } },
          perTenant: { a: { query: { maxSearchBytesPerTrace: null } } },
        },
      },
    ],
    [
      "0.5.0",
      "0.6.0 clears images that operators wrote, and not those of people alone",
      { images: { tempo: "t:1", jaegerQuery: "j:1" } },
      { images: { tempo: null } },
    ],
    [
      "0.7.0",
      "0.8.0 turns TLS on where there is a CA",
      { storage: { ...storage, tls: { caName: "ca" } } },
      { storage: { tls: { enabled: true } } },
    ],
    [
      "0.15.3",
      "0.15.4 moves to the port of Thanos that asks for tokens",
      {
        template: {
          queryFrontend: {
            jaegerQuery: {
              monitorTab: { prometheusEndpoint: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9091" },
            },
          },
        },
      },
      {
        template: {
          queryFrontend: {
            jaegerQuery: {
              monitorTab: { prometheusEndpoint: "https://thanos-querier.openshift-monitoring.svc.cluster.local:9092" },
            },
          },
        },
      },
    ],
  ])("6.9 of version %s: %s", (from, _, spec, patch) => {
    expect(stackUpgrade(stack(from, spec))).toEqual({ from, ...(patch ? { patch } : {}) });
  });

  test("6.9 takes all steps that are due as one change", () => {
    const spec = { images: { tempoQuery: "q:1" }, storage: { ...storage, tls: { caName: "ca" } } };
    expect(stackUpgrade(stack("0.1.0", spec))?.patch).toEqual({
      images: { tempoQuery: null },
      storage: { tls: { enabled: true } },
    });
  });

  test("6.9 refuses a version that is none, and says what to do", () => {
    expect(() => stackUpgrade(stack("latest"))).toThrow(/"latest" is not a version such as 0\.22\.0: remove it/);
  });
});
