import { describe, expect, it } from "vitest";
import type { TempoMonolithicSpec } from "../api/tempo-monolithic.ts";
import { communitySettings, openshiftSettings } from "../settings/operator-settings.ts";
import { defaultMonolithic } from "./default-monolithic.ts";

const defaulted = (spec: TempoMonolithicSpec | undefined, settings = communitySettings) =>
  defaultMonolithic({ metadata: { name: "sample", namespace: "shop" }, ...(spec ? { spec } : {}) }, settings).spec;

const tenant = { tenantName: "a", tenantId: "1" };

describe("defaultMonolithic", () => {
  it("2.5: fills an instance that says nothing", () => {
    expect(defaulted(undefined)).toEqual({
      management: "Managed",
      storage: { traces: { backend: "memory", size: "2Gi" } },
      ingestion: { otlp: { grpc: { enabled: true }, http: { enabled: true } } },
      podSecurityContext: { fsGroup: 10001 },
      timeout: "30s",
    });
  });

  it.each(["pv", "azure", "gcs", "s3"] as const)("2.5: gives a volume for %s 10Gi", (backend) => {
    expect(defaulted({ storage: { traces: { backend } } }).storage.traces.size).toBe("10Gi");
  });

  it("2.5: keeps receivers that are off and sizes that are stated", () => {
    const spec = defaulted({
      storage: { traces: { backend: "memory", size: "1024Mi" } },
      ingestion: { otlp: { grpc: { enabled: false } } },
    });
    expect(spec.storage.traces.size).toBe("1Gi");
    expect(spec.ingestion.otlp).toEqual({ grpc: { enabled: false }, http: { enabled: true } });
  });

  it("2.5: fills the Jaeger UI only where it is on", () => {
    expect(defaulted({ jaegerui: { enabled: true } }).jaegerui).toEqual({
      enabled: true,
      servicesQueryDuration: "72h0m0s",
      findTracesConcurrentRequests: 2,
    });
    expect(defaulted({ jaegerui: { enabled: false } }).jaegerui).toEqual({ enabled: false });
  });

  it("2.5: fills an enabled route and its login", () => {
    const jaegerui = { enabled: true, route: { enabled: true } };
    expect(defaulted({ jaegerui }, openshiftSettings).jaegerui).toMatchObject({
      route: { termination: "edge" },
      authentication: {
        enabled: true,
        sar: '{"namespace": "shop", "resource": "pods", "verb": "get"}',
        resources: {},
      },
    });
    expect(defaulted({ jaegerui }).jaegerui?.authentication).toEqual({ enabled: false, resources: {} });
  });

  it.each([
    {
      title: "re-encrypts the route behind a gateway with serving certificates",
      authentication: [tenant],
      want: "reencrypt",
    },
    { title: "ends TLS at the edge where no tenant is known", authentication: [], want: "edge" },
  ])("2.5: $title", ({ authentication, want }) => {
    const spec = defaulted(
      {
        jaegerui: { enabled: true, route: { enabled: true } },
        multitenancy: { enabled: true, mode: "static", authentication },
      },
      openshiftSettings,
    );
    expect(spec.jaegerui?.route?.termination).toBe(want);
  });

  it("changes nothing more the second time, and nothing in the object it was given", () => {
    const given = { spec: { timeout: "90s", jaegerui: { enabled: true, route: { enabled: true } } } };
    const before = structuredClone(given);
    const once = defaultMonolithic(given, openshiftSettings);
    expect(given).toEqual(before);
    expect(once.spec.timeout).toBe("1m30s");
    expect(defaultMonolithic(once, openshiftSettings)).toEqual(once);
  });
});
