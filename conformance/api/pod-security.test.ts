import type { JsonObject } from "@homeostat/api";
import { expect, it } from "vitest";
import { behaviours, type World } from "./suite.ts";

const pod = (name: string, spec: object = {}, container: object = {}): JsonObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "app", image: "app:1", ...container }], ...spec },
  }) as JsonObject;

const hardened = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

const label = async (world: World, core: string, labels: Record<string, string>) => {
  const prefixed = Object.entries(labels).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]);
  return world.api.patch(core, { metadata: { labels: Object.fromEntries(prefixed) } });
};

behaviours("pod security", (world) => {
  it("B239 refuses what a namespace does not enforce, with all that is wrong", async () => {
    const { core } = await world.namespace();
    await label(world, core, { enforce: "restricted" });
    const refused = await world.api.post(`${core}/pods`, pod("web"));
    expect([refused.status, refused.body.message]).toEqual([
      403,
      'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "app" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ]);
    expect((await world.api.post(`${core}/pods`, pod("web", {}, { securityContext: hardened }))).status).toBe(201);
  });

  it("B239 lets the baseline pass what is not dangerous", async () => {
    const { core } = await world.namespace();
    await label(world, core, { enforce: "baseline" });
    expect((await world.api.post(`${core}/pods`, pod("web"))).status).toBe(201);
    const dangerous = pod(
      "evil",
      { hostNetwork: true, hostPID: true, volumes: [{ name: "root", hostPath: { path: "/" } }] },
      {
        ports: [{ containerPort: 80, hostPort: 80 }],
        securityContext: { privileged: true, capabilities: { add: ["SYS_ADMIN", "CHOWN"] } },
      },
    );
    expect((await world.api.post(`${core}/pods`, dangerous)).body.message).toBe(
      'pods "evil" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities (container "app" must not include "SYS_ADMIN" in securityContext.capabilities.add), host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume "root"), hostPort (container "app" uses hostPort 80), privileged (container "app" must not set securityContext.privileged=true)',
    );
  });

  it("B239 warns of pods, and of what will make them, and takes them", async () => {
    const ns = await world.namespace();
    await label(world, ns.core, { warn: "restricted", "warn-version": "v1.18" });
    const made = await world.api.post(`${ns.core}/pods`, pod("web"));
    const text =
      'would violate PodSecurity "restricted:v1.18": allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)';
    expect([made.status, made.headers["warning"]]).toEqual([201, `299 - ${JSON.stringify(text)}`]);
    const labels = { app: "web" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "app", image: "app:1" }] } };
    const deployment = { metadata: { name: "web" }, spec: { selector: { matchLabels: labels }, template } };
    const deployed = await world.api.post(`${ns.path("apps/v1")}/deployments`, deployment);
    expect([deployed.status, deployed.headers["warning"]]).toEqual([201, made.headers["warning"]]);
  });

  it("B239 refuses labels it cannot read, and warns of the pods of a namespace that becomes stricter", async () => {
    const { core, name } = await world.namespace();
    const refused = await label(world, core, { enforce: "strict", "audit-version": "1.30" });
    expect([refused.status, refused.body.details.causes]).toEqual([
      422,
      [
        {
          reason: "FieldValueInvalid",
          field: "metadata.labels[pod-security.kubernetes.io/enforce]",
          message: 'Invalid value: "strict": must be one of privileged, baseline, restricted',
        },
        {
          reason: "FieldValueInvalid",
          field: "metadata.labels[pod-security.kubernetes.io/audit-version]",
          message: 'Invalid value: "1.30": must be "latest" or "v1.x"',
        },
      ],
    ]);
    await world.api.make(`${core}/pods`, pod("web", { hostNetwork: true }));
    const { status, headers } = await label(world, core, { enforce: "baseline" });
    expect([status, headers["warning"]]).toEqual([
      200,
      `299 - "existing pods in namespace \\"${name}\\" violate the new PodSecurity enforce level \\"baseline:latest\\"", 299 - "web: host namespaces"`,
    ]);
  });

  it("B239 lets go on what runs, unless a change makes it another", async () => {
    const { core } = await world.namespace();
    await world.api.make(`${core}/pods`, pod("web", { hostNetwork: true }));
    await label(world, core, { enforce: "baseline" });
    expect((await world.api.patch(`${core}/pods/web`, { metadata: { labels: { a: "b" } } })).status).toBe(200);
    const other = { spec: { containers: [{ name: "app", image: "app:2" }] } };
    expect((await world.api.patch(`${core}/pods/web`, other, "strategic")).status).toBe(403);
  });
});
