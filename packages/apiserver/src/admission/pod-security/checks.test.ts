import type { JsonObject } from "@homeostat/api";
import { describe, expect, it } from "vitest";
import { podView, textOf, violations } from "./checks.ts";
import type { Level } from "./policy.ts";

const hardened = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

/** What keeps a pod with this spec, hardened but for that, from a level. */
function found(spec: JsonObject, level: Level = "baseline", minor: number | "latest" = "latest"): string {
  const containers = [{ name: "a", securityContext: hardened }];
  return textOf(violations(podView({}, { containers, ...spec } as JsonObject), { level, minor }));
}

const withContext = (securityContext: object, more: object = {}): JsonObject =>
  ({ containers: [{ name: "a", securityContext: { ...hardened, ...securityContext }, ...more }] }) as JsonObject;

describe("the standards of pods", () => {
  it("find nothing in a hardened pod, and nothing at all where all is allowed", () => {
    expect(found({}, "restricted")).toBe("");
    expect(found(withContext({ privileged: true }), "privileged")).toBe("");
  });

  it.each<[string, JsonObject]>([
    ['privileged (container "a" must not set securityContext.privileged=true)', withContext({ privileged: true })],
    ["host namespaces (hostIPC=true)", { hostIPC: true }],
    [
      'non-default capabilities (container "a" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add)',
      withContext({ capabilities: { add: ["SYS_TIME", "NET_RAW", "KILL"] } }),
    ],
    [
      'hostPath volumes (volumes "x", "y")',
      {
        volumes: [
          { name: "x", hostPath: { path: "/" } },
          { name: "y", hostPath: { path: "/" } },
        ],
      },
    ],
    [
      'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
      withContext({}, { livenessProbe: { tcpSocket: { host: "10.0.0.1", port: 1 } } }),
    ],
    [
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
      withContext({ procMount: "Unmasked" }),
    ],
    [
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)',
      { securityContext: { seLinuxOptions: { type: "spc_t", user: "root" } } },
    ],
    [
      'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
      {
        securityContext: { seccompProfile: { type: "Unconfined" } },
        ...withContext({ seccompProfile: { type: "Unconfined" } }),
      },
    ],
    ["forbidden sysctls (kernel.msgmax)", { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }],
    [
      "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
      { securityContext: { windowsOptions: { hostProcess: true } } },
    ],
    [
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
      withContext({ appArmorProfile: { type: "Unconfined" } }),
    ],
  ])("baseline: %s", (text, spec) => {
    expect(found(spec)).toBe(text);
  });

  it.each<[string, JsonObject]>([
    [
      'restricted volume types (volume "x" uses restricted volume type "hostPath")',
      { volumes: [{ name: "x", hostPath: { path: "/" } }] },
    ],
    [
      'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]; container "a" must not include "KILL" in securityContext.capabilities.add)',
      withContext({ capabilities: { add: ["KILL", "NET_BIND_SERVICE"] } }),
    ],
    [
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
      withContext({ runAsNonRoot: false }),
    ],
    ["runAsUser=0 (pod must not set runAsUser=0)", { securityContext: { runAsUser: 0 } }],
    [
      'seccompProfile (pod or containers "a", "i" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
      {
        containers: [{ name: "a", securityContext: { ...hardened, seccompProfile: undefined } }],
        ephemeralContainers: [{ name: "i", securityContext: { ...hardened, seccompProfile: undefined } }],
      } as unknown as JsonObject,
    ],
  ])("restricted: %s", (text, spec) => {
    expect(found(spec, "restricted")).toBe(text);
  });

  it("take the pod's word for containers that say nothing", () => {
    const silent = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
    const securityContext = { runAsNonRoot: true, seccompProfile: { type: "Localhost" } };
    expect(found({ securityContext, containers: [{ name: "a", securityContext: silent }] }, "restricted")).toBe("");
  });

  it("are those of the version that is named", () => {
    const keepalive = { securityContext: { sysctls: [{ name: "net.ipv4.tcp_fin_timeout", value: "1" }] } };
    expect([found(keepalive, "baseline", 28), found(keepalive, "baseline", 29)]).toEqual([
      "forbidden sysctls (net.ipv4.tcp_fin_timeout)",
      "",
    ]);
    const windows = { os: { name: "windows" }, containers: [{ name: "a", securityContext: { runAsNonRoot: true } }] };
    expect([found(windows, "restricted", 24) === "", found(windows, "restricted", 25)]).toEqual([false, ""]);
  });
});
