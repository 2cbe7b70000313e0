import { createVirtualClock, type JsonObject, type StatusCause } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { admin } from "../auth/user-info.ts";
import type { Allocator } from "../registry/served-resource.ts";
import { createServiceAllocator } from "./allocators.ts";

interface Spec {
  clusterIP: string;
  clusterIPs: string[];
  ipFamilies: string[];
  ipFamilyPolicy: string;
  healthCheckNodePort: number;
  ports: { nodePort: number }[];
}

const service = (uid: string, spec: JsonObject): JsonObject => ({
  metadata: { uid },
  spec: { type: "ClusterIP", selector: { a: "b" }, ports: [{ port: 80 }], ...spec },
});
const specOf = (object: JsonObject): Spec => object["spec"] as unknown as Spec;

function take(allocator: Allocator, object: JsonObject, old?: JsonObject, dryRun = false): readonly StatusCause[] {
  return allocator.allocate(object, old, { clock: createVirtualClock(), user: admin, dryRun, subresource: undefined });
}

/** Allocates for a new Service and gives back what it became. */
function taken(allocator: Allocator, uid: string, spec: JsonObject = {}): JsonObject {
  const object = service(uid, spec);
  expect(take(allocator, object)).toEqual([]);
  return object;
}

describe("cluster IPs", () => {
  it("B287 gives each Service an address of the range", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    expect(specOf(taken(allocator, "1"))).toMatchObject({
      clusterIP: "10.0.0.1",
      clusterIPs: ["10.0.0.1"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    });
    expect(specOf(taken(allocator, "2")).clusterIP).toBe("10.0.0.2");
  });

  it("B287 refuses an address that is taken or out of range", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    taken(allocator, "1", { clusterIP: "10.0.0.9" });
    expect(take(allocator, service("2", { clusterIP: "10.0.0.9" }))).toEqual([
      {
        reason: "FieldValueInvalid",
        field: "spec.clusterIPs",
        message: 'Invalid value: ["10.0.0.9"]: failed to allocate IP 10.0.0.9: provided IP is already allocated',
      },
    ]);
    expect(take(allocator, service("2", { clusterIP: "10.1.0.9" }))[0]?.message).toContain(
      "The range of valid IPs is 10.0.0.0/24",
    );
  });

  it("B287 gives nothing to a headless Service and to an external name", () => {
    const allocator = createServiceAllocator();
    expect(specOf(taken(allocator, "1", { clusterIP: "None" }))).toMatchObject({
      clusterIPs: ["None"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    });
    expect(specOf(taken(allocator, "2", { clusterIP: "None", selector: {} }))).toMatchObject({
      ipFamilies: ["IPv4", "IPv6"],
      ipFamilyPolicy: "RequireDualStack",
    });
    expect(specOf(taken(allocator, "3", { type: "ExternalName" })).clusterIP).toBeUndefined();
  });

  it("B287 B096 takes nothing on a dry run", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    const trial = service("1", {});
    expect(take(allocator, trial, undefined, true)).toEqual([]);
    expect(specOf(trial).clusterIP).toBe("10.0.0.1");
    expect(specOf(taken(allocator, "2", { clusterIP: "10.0.0.1" })).clusterIP).toBe("10.0.0.1");
  });

  it("B287 takes back what a deleted Service had", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    allocator.release(taken(allocator, "1", { clusterIP: "10.0.0.9" }));
    taken(allocator, "2", { clusterIP: "10.0.0.9" });
  });

  it("says that the range is full, and serves again when something is given back", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/30" });
    const first = taken(allocator, "1");
    taken(allocator, "2");
    expect(take(allocator, service("3", {}))[0]?.message).toContain("range is full");
    allocator.release(first);
    expect(specOf(taken(allocator, "3")).clusterIP).toBe("10.0.0.1");
  });

  it("lets a write be tried again without a second address", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    const object = taken(allocator, "1");
    expect(take(allocator, structuredClone(object), object)).toEqual([]);
    expect(specOf(taken(allocator, "2")).clusterIP).toBe("10.0.0.2");
  });

  it("knows again what was stored before", () => {
    const allocator = createServiceAllocator({ serviceRange: "10.0.0.0/24" });
    allocator.adopt(service("1", { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"] }));
    expect(specOf(taken(allocator, "2")).clusterIP).toBe("10.0.0.2");
  });

  it("refuses a range that is none", () => {
    expect(() => createServiceAllocator({ serviceRange: "10.0.0.0" })).toThrow(
      'service range "10.0.0.0" is no IPv4 range',
    );
  });
});

describe("node ports", () => {
  const nodePorts = { first: 30_000, last: 30_002 };

  it("B287 gives a port of the nodes to each port, the same one to both protocols of one port", () => {
    const allocator = createServiceAllocator({ nodePorts });
    const ports = [
      { name: "a", port: 53, protocol: "TCP" },
      { name: "b", port: 53, protocol: "UDP" },
      { name: "c", port: 80, protocol: "TCP" },
    ];
    expect(specOf(taken(allocator, "1", { type: "NodePort", ports })).ports.map((port) => port.nodePort)).toEqual([
      30_000, 30_000, 30_001,
    ]);
    expect(specOf(taken(allocator, "2", { type: "ClusterIP" })).ports[0]?.nodePort).toBeUndefined();
    expect(
      specOf(taken(allocator, "3", { type: "LoadBalancer", allocateLoadBalancerNodePorts: false })).ports[0]?.nodePort,
    ).toBeUndefined();
  });

  it("B287 refuses a port that is taken, out of range, or not there any more", () => {
    const allocator = createServiceAllocator({ nodePorts });
    taken(allocator, "1", { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] });
    const asking = (nodePort: number): string | undefined =>
      take(allocator, service("2", { type: "NodePort", ports: [{ port: 80, nodePort }] }))[0]?.message;
    expect(asking(30_001)).toBe("Invalid value: 30001: provided port is already allocated");
    expect(asking(80)).toContain("The range of valid ports is 30000-30002");
    taken(allocator, "3", {
      type: "NodePort",
      ports: [
        { port: 1, name: "a" },
        { port: 2, name: "b" },
      ],
    });
    expect(asking(0)).toContain("range is full");
  });

  it("B288 gives a port for health checks where traffic stays on its node", () => {
    const allocator = createServiceAllocator({ nodePorts });
    const spec = specOf(taken(allocator, "1", { type: "LoadBalancer", externalTrafficPolicy: "Local" }));
    expect([spec.ports[0]?.nodePort, spec.healthCheckNodePort]).toEqual([30_000, 30_001]);
  });

  it("gives a port back when the Service gives it up", () => {
    const allocator = createServiceAllocator({ nodePorts });
    const before = taken(allocator, "1", { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] });
    const after = structuredClone(before);
    (after["spec"] as JsonObject)["type"] = "ClusterIP";
    delete ((after["spec"] as JsonObject)["ports"] as JsonObject[])[0]!["nodePort"];
    expect(take(allocator, after, before)).toEqual([]);
    allocator.adopt(after);
    taken(allocator, "2", { type: "NodePort", ports: [{ port: 80, nodePort: 30_001 }] });
  });
});
